// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaTestSupport
import Testing

extension InteropTests {
    /// The consumer reads what the producer writes, with every supported broker.
    @Suite(.timeLimit(.minutes(3)))
    struct RoundTrips {
        @Test(arguments: TestEnvironment.all)
        func everyCodecReturnsWhatWasSent(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let codecs: [Compression] = [.none, .gzip, .snappy, .lz4, .zstd].filter { isInThisBuild($0) }
            let topic = try await cluster.createTopic("codecs", partitions: codecs.count)
            for (partition, codec) in codecs.enumerated() {
                let records = (0..<200).map {
                    ProducerRecord(
                        topic: topic, partition: Int32(partition), key: "\($0)",
                        value: "\(codec) \($0) and so on and so on")
                }
                let stored = try await cluster.produce(records) {
                    $0.compression = codec
                    $0.linger = .milliseconds(20)
                }
                #expect(stored.map(\.offset) == (0..<200).map { Int64($0) })
            }
            let read = try await cluster.read(200 * codecs.count, from: topic, partitions: codecs.count)
            for (partition, codec) in codecs.enumerated() {
                let own = read.filter { $0.partition == Int32(partition) }
                #expect(own.map(\.text) == (0..<200).map { "\(codec) \($0) and so on and so on" }, "\(codec)")
                #expect(own.map(\.keyText) == (0..<200).map { "\($0)" }, "\(codec)")
            }
        }

        @Test(arguments: TestEnvironment.all)
        func keysTombstonesHeadersAndTimestampsArePreserved(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("shapes")
            let time = Timestamp(millisecondsSince1970: 1_700_000_000_123)
            let records = [
                ProducerRecord(topic: topic, key: "k", value: "v", timestamp: time),
                ProducerRecord(topic: topic, key: nil, value: "no key", timestamp: time),
                ProducerRecord(topic: topic, key: "k", value: nil, timestamp: time),
                ProducerRecord(topic: topic, key: "", value: "", timestamp: time),
                ProducerRecord(topic: topic, key: [0, 0xff, 0x80], value: [0xfe, 0], timestamp: time),
                ProducerRecord(
                    topic: topic, key: nil, value: nil,
                    headers: [.init("a", "1"), .init("b", nil), .init("a", "2"), .init("", ""), .init("é", [0xff])],
                    timestamp: time),
            ]
            let stored = try await cluster.produce(records)
            #expect(stored.map(\.timestamp) == records.map { _ in time })
            let read = try await cluster.read(records.count, from: topic)
            #expect(read.map(\.key) == records.map(\.key))
            #expect(read.map(\.value) == records.map(\.value))
            #expect(read.map(\.headers) == records.map(\.headers))
            #expect(read.map(\.timestamp) == records.map { _ in time })
            #expect(read.allSatisfy { $0.timestampType == .createTime })
        }

        @Test(arguments: TestEnvironment.all)
        func timestampsAreTheBrokersOnLogAppendTimeTopics(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic(
                "append-time", settings: ["message.timestamp.type": "LogAppendTime"])
            let long = Timestamp(millisecondsSince1970: 1_000)
            let stored = try await cluster.produce([ProducerRecord(topic: topic, value: "now", timestamp: long)])
            let read = try await cluster.read(1, from: topic)
            let record = try #require(read.first)
            #expect(record.timestampType == .logAppendTime)
            #expect(record.timestamp.millisecondsSince1970 > 1_600_000_000_000)
            #expect(stored.first?.timestamp == record.timestamp)
        }

        @Test(arguments: TestEnvironment.all)
        func recordsArriveInOrderOnceWithEveryAcksAndIdempotenceSetting(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            // Without acknowledgements last: a broker drops records that arrive before it knows that it leads the new
            // topic.
            let ways: [(ProducerConfiguration.Acknowledgements, idempotence: Bool)] = [
                (.all, true), (.all, false), (.leader, false), (.none, false),
            ]
            let topic = try await cluster.createTopic("acks", partitions: ways.count)
            for (partition, way) in ways.enumerated() {
                let stored = try await cluster.produce(
                    (0..<300).map { ProducerRecord(topic: topic, partition: Int32(partition), value: "\($0)") }
                ) {
                    ($0.acks, $0.enableIdempotence) = way
                    $0.batchSize = 1024
                }
                if way.0 == .none {
                    #expect(stored.allSatisfy { $0.offset == nil })
                } else {
                    #expect(stored.map(\.offset) == (0..<300).map { Int64($0) })
                }
            }
            let read = try await cluster.read(300 * ways.count, from: topic, partitions: ways.count)
            for (partition, way) in ways.enumerated() {
                let own = read.filter { $0.partition == Int32(partition) }.map(\.text)
                #expect(own == (0..<300).map { "\($0)" }, "\(way)")
            }
        }

        @Test(arguments: TestEnvironment.all)
        func aRecordLargerThanAFetchIsRead(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("large", settings: ["max.message.bytes": "12000000"])
            let large = Bytes((0..<8_000_000).lazy.map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) })
            try await cluster.produce([
                ProducerRecord(topic: topic, value: "before"), ProducerRecord(topic: topic, value: large),
                ProducerRecord(topic: topic, value: "after"),
            ]) { $0.maxRequestSize = 12_000_000 }
            let read = try await cluster.read(3, from: topic)
            #expect(read.map(\.value?.count) == [6, 8_000_000, 5])
            #expect(read[1].value == large)
        }

        @Test(arguments: TestEnvironment.all)
        func aRecordLargerThanAResponseIsAnErrorThatNamesTheSetting(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("large", settings: ["max.message.bytes": "12000000"])
            try await cluster.produce([ProducerRecord(topic: topic, value: Bytes(repeatElement(7, count: 5_000_000)))])
            {
                $0.maxRequestSize = 12_000_000
            }
            var reading = cluster.consumer()
            reading.cluster.maxResponseSize = 1 << 20
            let error = await #expect(throws: KafkaError.self) {
                try await KafkaConsumer.withConsumer(reading, assigned: [TopicPartition(topic, 0)]) {
                    _ = try await $0.read(1)
                }
            }
            #expect(error?.code == .recordTooLarge)
            #expect(error?.message.contains("maxResponseSize") == true, "\(String(describing: error))")
        }

        @Test(arguments: TestEnvironment.all, [1, 3])
        func smallRecordsAreReadHoweverSmallAResponseMayBe(environment: TestEnvironment, partitions: Int) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("small-responses", partitions: partitions)
            try await cluster.produce(
                (0..<2000).map { index in
                    ProducerRecord(
                        topic: topic, partition: Int32(index % partitions),
                        value: Bytes(repeatElement(UInt8(truncatingIfNeeded: index), count: 1000)))
                }
            ) { $0.batchSize = 16 << 10 }
            var reading = cluster.consumer()
            reading.cluster.maxResponseSize = 256 << 10
            let all = (0..<partitions).map { TopicPartition(topic, Int32($0)) }
            try await KafkaConsumer.withConsumer(reading, assigned: all) { consumer in
                let count = try await consumer.read(2000).count
                #expect(count == 2000)
            }
        }

        @Test(arguments: TestEnvironment.all)
        func aRecordTooLargeForTheTopicIsRefusedAndTheOthersAreNot(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("small", settings: ["max.message.bytes": "2000"])
            let results = try await cluster.withProducer { producer in
                await producer.send(
                    (0..<30).map { index in
                        let size = index == 7 ? 5000 : 300
                        return ProducerRecord(topic: topic, value: Bytes(repeatElement(UInt8(index), count: size)))
                    })
            }
            for (index, result) in results.enumerated() {
                if index == 7 {
                    #expect { try result.get() } throws: { ($0 as? KafkaError)?.code == .recordTooLarge }
                } else {
                    #expect(throws: Never.self) { try result.get() }
                }
            }
            let read = try await cluster.read(29, from: topic)
            let firstBytes: [UInt8?] = read.map { $0.value?.first }
            let expected: [UInt8?] = (UInt8(0)..<30).filter { $0 != 7 }
            #expect(firstBytes == expected)
        }

        @Test(arguments: TestEnvironment.all)
        func manyPartitionsShareAConnection(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let partitions = 100
            let topic = try await cluster.createTopic("many", partitions: partitions)
            let records = (0..<5000).map {
                ProducerRecord(topic: topic, partition: Int32($0 % partitions), value: "\($0)")
            }
            try await cluster.produce(records)
            let read = try await cluster.readAll(of: topic, partitions: partitions)
            #expect(read.count == 5000)
            for partition in 0..<partitions {
                let own = read.filter { $0.partition == Int32(partition) }.map(\.text)
                #expect(own == stride(from: partition, to: 5000, by: partitions).map { "\($0)" })
            }
        }

        @Test(arguments: TestEnvironment.all)
        func recordsWithoutAKeyAreSpreadAndEqualKeysShareAPartition(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("spread", partitions: 4)
            let keyed = try await cluster.produce(
                (0..<400).map { ProducerRecord(topic: topic, key: "\($0 % 20)", value: "") })
            for key in 0..<20 {
                #expect(Set(stride(from: key, to: 400, by: 20).map { keyed[$0].partition }).count == 1)
            }
            // Some 200 batches, each to a partition by chance: that one gets none is as good as impossible.
            let value = String(repeating: "x", count: 100)
            let free = try await cluster.produce(
                (0..<2000).map { _ in ProducerRecord(topic: topic, value: "\(value)") }
            ) { $0.batchSize = 1024 }
            #expect(Set(free.map(\.partition)) == [0, 1, 2, 3])
        }
    }
}

/// Returns whether this build includes the codec.
func isInThisBuild(_ compression: Compression) -> Bool {
    var configuration = ProducerConfiguration(KafkaClientConfiguration(bootstrapServers: ["127.0.0.1:1"]))
    configuration.compression = compression
    return (try? KafkaProducer(configuration)) != nil
}
