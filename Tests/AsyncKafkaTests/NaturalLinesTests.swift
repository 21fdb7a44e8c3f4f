// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation
import KafkaFoundation
import Testing

/// Code that people write without having read the documentation. It must compile; the results are checked too.
@Suite struct NaturalLinesTests {
    private let text = "17"
    private let array: [UInt8] = [0x31, 0x37]

    @Test func recordsAreCreatedFromStringsBytesAndNil() {
        let slice = "order 17".split(separator: " ")[1]
        let data = Data(self.array)
        let bytes = Bytes(self.text)
        let name = "orders"
        let records = [
            ProducerRecord(topic: name, value: "17"),
            ProducerRecord(topic: name, value: self.text),
            ProducerRecord(topic: name, value: slice),
            ProducerRecord(topic: name, value: self.array),
            ProducerRecord(topic: name, value: self.array[...]),
            ProducerRecord(topic: name, value: data),
            ProducerRecord(topic: name, value: bytes),
            ProducerRecord(topic: name, value: "\(17)"),
            ProducerRecord(topic: name, value: [0x31, 0x37]),
        ]
        #expect(records.allSatisfy { $0.value == "17" && $0.key == nil })
        let keyed = [
            ProducerRecord(topic: name, key: self.text, value: data),
            ProducerRecord(topic: name, key: slice, value: bytes),
            ProducerRecord(topic: name, key: "17", value: self.array),
            ProducerRecord(topic: name, key: bytes, value: self.text),
            ProducerRecord(topic: name, key: data, value: nil),
            ProducerRecord(topic: name, key: "17", value: nil),
        ]
        #expect(keyed.allSatisfy { $0.key == "17" })
        #expect(keyed.suffix(2).allSatisfy { $0.value == nil })
    }

    @Test func headersAreReadByTheirNames() throws {
        let record = try ConsumerRecord(
            storing: ProducerRecord(
                topic: "orders", value: "17",
                headers: [RecordHeader("trace", self.text), RecordHeader("kind", "old"), RecordHeader("kind", "new")]))
        #expect(record.headers["trace"] == "17")
        #expect(String(record.headers["kind"]) == "new")
        #expect(record.headers["none"] == nil)
    }

    @Test func keysAndValuesConvertToTextAndData() throws {
        let record = try ConsumerRecord(
            storing: ProducerRecord(topic: "orders", key: "a", value: "17"), partition: 3, offset: 42)
        #expect(String(record.value) == "17")
        #expect(record.key == "a")
        #expect(record.value.map { Data($0) } == Data(self.array))
        #expect(record.value.flatMap { Int(String($0) ?? "") } == 17)
        #expect(record.topicPartition == TopicPartition("orders", 3))
        #expect(record.offset == 42)
        #expect(String(Bytes([0xff])) == nil)
        #expect(String(ProducerRecord(topic: "t", value: nil).value) == nil)
    }

    @Test func timestampsConvertToDates() {
        let date = Date(timeIntervalSince1970: 1_600_000_000.123)
        #expect(Timestamp(date) == Timestamp(millisecondsSince1970: 1_600_000_000_123))
        #expect(Timestamp(Date(Timestamp(millisecondsSince1970: 1001))) == Timestamp(millisecondsSince1970: 1001))
        #expect(ProducerRecord(topic: "t", value: "v", timestamp: Timestamp(date)).timestamp == Timestamp(date))
        #expect(Timestamp(Date(timeIntervalSince1970: 1e300)).millisecondsSince1970 == .max)
    }

    @Test func batchesCanBeCreatedForTestsOfHandlers() throws {
        func total(_ batch: ConsumerRecordBatch) -> Int {
            batch.compactMap { String($0.value).flatMap { Int($0) } }.reduce(0, +)
        }
        let batch = try ConsumerRecordBatch(
            storing: (1...3).map { ProducerRecord(topic: "orders", value: "\($0)") }, startOffset: 10)
        #expect(total(batch) == 6)
        #expect(batch.map(\.offset) == [10, 11, 12])
        #expect(batch.nextOffset.offset == 13)
        #expect(batch.first { $0.offset == 11 }?.timestamp == Timestamp(millisecondsSince1970: -1))
        #expect(throws: KafkaError.self) { try ConsumerRecordBatch(storing: []) }
    }
}
