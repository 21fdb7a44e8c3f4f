// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import Testing

@testable import AsyncKafka

/// The sizes of batches and the limits of topics.
@Suite(.timeLimit(.minutes(2))) struct BatchSizeTests {
    /// Bytes that no codec can compress.
    private func noise(_ count: Int) -> Bytes {
        var state: UInt64 = 88_172_645_463_325_252
        return Bytes(
            (0..<count).map { _ in
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                return UInt8(truncatingIfNeeded: state >> 11)
            })
    }

    private static let compressions: [Compression] = [.gzip, .snappy, .lz4, .zstd].filter {
        (try? $0.validate()) != nil
    }

    /// A record that fits although its compressed form doesn't.
    @Test(arguments: Self.compressions)
    func aBatchThatCompressionDoesNotShrinkIsSentUncompressed(_ compression: Compression) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let value = self.noise(100_000)
            let plain =
                RecordBatchBuilder.headerSize
                + RecordBatchBuilder.sizeUpperBound(key: nil, value: value, headers: [])
            try await kafka.createTopic("t", configuration: ["max.message.bytes": "\(plain)"])
            try await KafkaProducer.withProducer(kafka.producing { $0.compression = compression }) { producer in
                _ = try await producer.send(ProducerRecord(topic: "t", value: value))
                _ = try await producer.send(
                    ProducerRecord(topic: "t", value: Bytes(repeatElement(UInt8(1), count: 1000))))
            }
            let stored = try await kafka.stored("t")
            #expect(stored.map(\.value?.count) == [100_000, 1000])
            #expect(stored.map(\.codec) == [CompressionCodec.none, compression.codec])
        }
    }

    /// The producer learns from rejections: there is one for each halving, not one for each batch.
    @Test func theSmallLimitOfATopicIsLearned() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            for topic in ["small", "usual"] {
                try await kafka.createTopic(
                    topic, configuration: topic == "small" ? ["max.message.bytes": "20000"] : [:])
            }
            let refusals = Lock<[String: Int]>([:])
            let requests = Lock<[String: Int]>([:])
            kafka.rewrite(ProduceRequest.self, times: nil) { request, _, response in
                for (asked, answered) in zip(request.topicData, response.responses) {
                    let small = asked.partitionData.contains { $0.records?.contains { $0.count > 60_000 } == true }
                    requests.withLock { $0[small ? "large" : "other", default: 0] += 1 }
                    for partition in answered.partitionResponses where partition.errorCode == .messageTooLarge {
                        refusals.withLock { $0["all", default: 0] += 1 }
                    }
                }
            }
            let log = KeptLog()
            let configuration = kafka.producing {
                $0.cluster.log = log
                $0.batchSize = 64 << 10
                $0.linger = .milliseconds(50)
                $0.maxInFlightPerBroker = 1
            }
            try await KafkaProducer.withProducer(configuration) { producer in
                for round in 0..<20 {
                    for number in 0..<60 {
                        let value = Bytes("\(round * 60 + number):" + String(repeating: "x", count: 1000))
                        try await producer.enqueue(ProducerRecord(topic: "small", value: value))
                        try await producer.enqueue(ProducerRecord(topic: "usual", value: value))
                    }
                    try await producer.flush()
                }
            }
            for topic in ["small", "usual"] {
                let numbers = try await kafka.values(topic).map { Int($0.prefix { $0 != ":" }) }
                #expect(numbers == Array(0..<1200))
            }
            // One of 64 KiB, two of 32 KiB, and those that were closed before the first rejection arrived.
            let count = refusals.withLock { $0["all"] ?? 0 }
            #expect(count >= 1)
            #expect(count <= 8, "\(count) batches were refused")
            // The batches of the other topic keep their size.
            #expect(requests.withLock { $0["large"] ?? 0 } >= 15)
            let lines = log.events.filter { $0.message.contains("batchSize") }
            #expect(lines.count == 1)
            #expect(lines.first?["kafka.topic"] == "small")
            #expect(lines.first?.level == .info)
        }
    }
}
