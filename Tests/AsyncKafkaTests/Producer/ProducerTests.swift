// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// A producer on a cluster without faults.
@Suite(.timeLimit(.minutes(2))) struct ProducerTests {
    private let clock = TestClock()
    @Test func aSentRecordIsStoredUnchanged() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t", partitions: 2)
            let headers = [RecordHeader("a", "1"), RecordHeader("b", nil), RecordHeader("a", "2")]
            let stored = try await KafkaProducer.withProducer(kafka.producing()) { producer in
                try await producer.send(
                    ProducerRecord(
                        topic: "t", partition: 1, key: "key", value: "value", headers: headers,
                        timestamp: Timestamp(millisecondsSince1970: 123_123_123)))
            }
            #expect(stored.topicPartition == TopicPartition("t", 1))
            #expect(stored.offset == 0)
            #expect(stored.timestamp.millisecondsSince1970 == 123_123_123)
            let record = try #require(try await kafka.stored("t", 1).first)
            #expect(record.key == "key")
            #expect(record.value == "value")
            #expect(record.headers == headers)
            #expect(record.timestamp == 123_123_123)
        }
    }

    @Test func tombstonesAndEmptyValuesAreDistinguished() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                try await producer.enqueue(ProducerRecord(topic: "t", key: "", value: nil))
                try await producer.enqueue(ProducerRecord(topic: "t", value: [] as Bytes))
            }
            let stored = try await kafka.stored("t")
            #expect(stored.map(\.value) == [nil, Bytes()])
            #expect(stored.map(\.key) == [Bytes(), nil])
        }
    }

    @Test func recordsOfATaskAreStoredInOrder() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await KafkaProducer.withProducer(kafka.producing { $0.batchSize = 2048 }) { producer in
                for number in 0..<5000 {
                    try await producer.enqueue(ProducerRecord(topic: "t", value: "\(number)"))
                }
            }
            let values1 = try await kafka.values("t")
            #expect(values1 == (0..<5000).map { "\($0)" })
        }
    }

    @Test func deliveriesReturnTheOffsets() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t", partitions: 3)
            try await KafkaProducer.withProducer(kafka.producing { $0.batchSize = 1024 }) { producer in
                var deliveries: [Delivery] = []
                for number in 0..<300 {
                    deliveries.append(try await producer.enqueue(ProducerRecord(topic: "t", value: "\(number)")))
                }
                for (number, delivery) in deliveries.enumerated() {
                    let metadata = try await delivery.metadata
                    #expect(metadata.topicPartition == delivery.topicPartition)
                    let stored = try await kafka.stored("t", Int(metadata.partition))
                    #expect(stored.first { $0.offset == metadata.offset }?.text == "\(number)")
                }
            }
        }
    }

    @Test func manyRecordsAtOnceHaveTheirResultsInOrder() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            let results = try await KafkaProducer.withProducer(kafka.producing()) { producer in
                await producer.send(
                    (0..<10).map {
                        ProducerRecord(topic: "t", partition: $0 == 5 ? -7 : 0, value: "\($0)" as Bytes)
                    })
            }
            #expect(results.count == 10)
            for (index, result) in results.enumerated() {
                switch result {
                case .success(let metadata): #expect(metadata.offset == Int64(index < 5 ? index : index - 1))
                case .failure(let error):
                    #expect(index == 5)
                    #expect(error.code == .unknownTopicOrPartition)
                }
            }
        }
    }

    @Test func manyTasksMayUseOneProducer() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t", partitions: 2)
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<20 {
                        group.addTask {
                            for number in 0..<50 {
                                _ = try await producer.send(
                                    ProducerRecord(topic: "t", key: "\(task)", value: "\(number)"))
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
            var numbers: [Bytes: [String]] = [:]
            for partition in 0..<2 {
                for record in try await kafka.stored("t", partition) {
                    numbers[record.key ?? Bytes(), default: []].append(record.text)
                }
            }
            #expect(numbers.count == 20)
            for texts in numbers.values { #expect(texts == (0..<50).map { "\($0)" }) }
        }
    }

    @Test(arguments: [CompressionCodec.gzip, .snappy, .lz4, .zstd].filter { (try? $0.algorithm()) != nil })
    func batchesAreCompressed(_ codec: CompressionCodec) async throws {
        let compression: Compression =
            switch codec {
            case .gzip: .gzip(level: 9)
            case .snappy: .snappy
            case .lz4: .lz4
            default: .zstd
            }
        // A build without the codec's trait has its own test for this error.
        guard (try? compression.validate()) != nil else { return }
        try await EmbeddedKafka.withBroker { kafka in
            // All records are in one batch: a batch that compression doesn't make smaller is stored as it is.
            let configuration = kafka.producing {
                $0.compression = compression
                $0.linger = .seconds(60)
            }
            try await KafkaProducer.withProducer(configuration) { producer in
                for number in 0..<100 {
                    try await producer.enqueue(ProducerRecord(topic: "t", value: "the same again \(number)"))
                }
            }
            let stored = try await kafka.stored("t")
            #expect(stored.map(\.text) == (0..<100).map { "the same again \($0)" })
            #expect(stored.allSatisfy { $0.codec == codec })
        }
    }

    @Test func withoutAcknowledgementsNoOffsetIsKnown() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            let configuration = kafka.producing {
                $0.acks = .none
                $0.enableIdempotence = false
            }
            let metadata = try await KafkaProducer.withProducer(configuration) { producer in
                try await producer.send(ProducerRecord(topic: "t", value: "value"))
            }
            #expect(metadata.offset == nil)
            await kafka.untilRequests(of: .produce)
        }
    }

    @Test func theLeadersAcknowledgementSufficesIfConfigured() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let configuration = kafka.producing {
                $0.acks = .leader
                $0.enableIdempotence = false
            }
            let metadata = try await KafkaProducer.withProducer(configuration) { producer in
                try await producer.send(ProducerRecord(topic: "t", value: "value"))
            }
            #expect(metadata.offset == 0)
            let epochs2 = try await kafka.stored("t").map(\.producerEpoch)
            #expect(epochs2 == [-1])
        }
    }

    /// aiokafka reports the first record's timestamp for all records of a batch.
    @Test func everyRecordHasItsOwnTimestampOrTheBrokersIfTheTopicSaysSo() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("append", configuration: ["message.timestamp.type": "LogAppendTime"])
            try await KafkaProducer.withProducer(kafka.producing { $0.linger = .milliseconds(500) }) { producer in
                var deliveries: [Delivery] = []
                for topic in ["create", "append"] {
                    for time in [5000, 3000] as [Int64] {
                        deliveries.append(
                            try await producer.enqueue(
                                ProducerRecord(
                                    topic: topic, value: "v", timestamp: Timestamp(millisecondsSince1970: time))))
                    }
                }
                var times: [Int64] = []
                for delivery in deliveries { times.append(try await delivery.metadata.timestamp.millisecondsSince1970) }
                #expect(times[..<2] == [5000, 3000])
                #expect(times[2] > 1_000_000_000_000)
                #expect(times[2] == times[3])
            }
        }
    }

    @Test func aCustomPartitionerIsCalledUnlessThePartitionIsSpecified() async throws {
        struct Last: Partitioner {
            func partition(for record: ProducerRecord, partitionCount: Int) -> Int32 {
                record.key == "wrong" ? 99 : Int32(partitionCount - 1)
            }
        }
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t", partitions: 5)
            try await KafkaProducer.withProducer(kafka.producing { $0.partitioner = .custom(Last()) }) { producer in
                let chosen = try await producer.send(ProducerRecord(topic: "t", key: "key", value: "value"))
                #expect(chosen.partition == 4)
                let named = try await producer.send(ProducerRecord(topic: "t", partition: 2, value: "value"))
                #expect(named.partition == 2)
                await #expect {
                    try await producer.send(ProducerRecord(topic: "t", key: "wrong", value: "value"))
                } throws: {
                    ($0 as? KafkaError)?.code == .invalidArgument
                }
            }
        }
    }

    @Test func partitionsReturnsThoseOfTheTopic() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t", partitions: 3)
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                let partitions3 = try await producer.partitions(of: "t")
                #expect(partitions3 == [0, 1, 2])
            }
        }
    }

    @Test func aMissingTopicIsReportedAfterMaxBlock() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.createTopicsAutomatically = false
        try await self.clock.withCluster(configuration) { kafka in
            try await KafkaProducer.withProducer(kafka.producing { $0.maxBlock = .seconds(2) }) { producer in
                let start = self.clock.now
                await #expect {
                    try await producer.send(ProducerRecord(topic: "nowhere", value: "value"))
                } throws: {
                    guard let error = $0 as? KafkaError else { return false }
                    return error.code == .unknownTopicOrPartition && error.topic == "nowhere"
                }
                #expect(self.clock.now - start == .seconds(2))
                try await kafka.createTopic("t")
                let offset6 = try await producer.send(ProducerRecord(topic: "t", value: "value")).offset
                #expect(offset6 == 0)
            }
        }
    }

    @Test func timestampsBefore1970AndOversizedRecordsAreRejected() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            let configuration = kafka.producing {
                $0.maxRequestSize = 4096
                $0.batchSize = 4096
            }
            try await KafkaProducer.withProducer(configuration) { producer in
                await #expect {
                    try await producer.send(
                        ProducerRecord(
                            topic: "t", value: "value", timestamp: Timestamp(millisecondsSince1970: -2)))
                } throws: {
                    ($0 as? KafkaError)?.code == .invalidArgument
                }
                await #expect {
                    try await producer.send(
                        ProducerRecord(topic: "t", value: Bytes(repeatElement(UInt8(7), count: 5000))))
                } throws: {
                    ($0 as? KafkaError)?.code == .recordTooLarge
                }
                let offset7 = try await producer.send(ProducerRecord(topic: "t", value: "value")).offset
                #expect(offset7 == 0)
            }
        }
    }

    /// Kafka 2.1 supports Produce up to version 7 and InitProducerId up to 1. Topic ids came with version 13.
    @Test(arguments: [7, 8, 9, 11, 12, 13] as [Int16])
    func olderBrokersAreSupported(_ version: Int16) async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.maxVersions = [.produce: version]
        if version <= 7 {
            configuration.maxVersions[.metadata] = 7
            configuration.maxVersions[.initProducerId] = 1
        }
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            let metadata = try await KafkaProducer.withProducer(kafka.producing()) { producer in
                try await producer.send(ProducerRecord(topic: "t", value: "value"))
            }
            #expect(metadata.offset == 0)
            #expect(kafka.requests.filter { $0.api == .produce }.map(\.version) == [Int(version)])
        }
    }
}
