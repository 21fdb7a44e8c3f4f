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
    /// The positions at which reading continues, and the offsets of partitions.
    @Suite(.timeLimit(.minutes(3)))
    struct Positions {
        @Test(arguments: TestEnvironment.all)
        func seekingMovesThePositionToOffsetsEndsAndTimestamps(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("seek")
            try await cluster.produce(Self.records(of: topic, count: 100))
            let partition = TopicPartition(topic, 0)
            try await KafkaConsumer.withConsumer(cluster.consumer(), assigned: [partition]) { consumer in
                let observed1 = try await consumer.position(of: partition)
                #expect(observed1 == 0)
                let observed2 = try await consumer.read(3).map(\.offset)
                #expect(observed2 == [0, 1, 2])

                try await consumer.seek(partition, to: .offset(50))
                let observed3 = try await consumer.position(of: partition)
                #expect(observed3 == 50)
                let observed4 = try await consumer.read(2).map(\.offset)
                #expect(observed4 == [50, 51])

                try await consumer.seek(partition, to: .beginning)
                let observed5 = try await consumer.read(1).map(\.offset)
                #expect(observed5 == [0])

                try await consumer.seek(partition, to: .end)
                let observed6 = try await consumer.position(of: partition)
                #expect(observed6 == 100)

                try await consumer.seek(partition, to: .timestamp(Self.time(of: 70)))
                let observed7 = try await consumer.read(1).map(\.offset)
                #expect(observed7 == [70])
            }
        }

        @Test(arguments: TestEnvironment.all)
        func offsetsAreFoundByTimestamp(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("times", partitions: 3)
            try await cluster.produce(Self.records(of: topic, count: 10))
            let partition = TopicPartition(topic, 0)
            let empty = TopicPartition(topic, 1)
            try await KafkaConsumer.withConsumer(cluster.consumer(), assigned: [partition]) { consumer in
                let between = Timestamp(millisecondsSince1970: Self.time(of: 4).millisecondsSince1970 + 1)
                let found = try await consumer.offsets(for: [partition: between, empty: between])
                #expect(found.count == 1)
                #expect(found[partition]?.offset == 5)
                #expect(found[partition]?.timestamp == Self.time(of: 5))
                let late = try await consumer.offsets(for: [partition: Self.time(of: 11)])
                #expect(late.isEmpty)
                let observed8 = try await consumer.beginningOffsets(of: [partition, empty])
                #expect(observed8 == [partition: 0, empty: 0])
                let observed9 = try await consumer.endOffsets(of: [partition, empty])
                #expect(observed9 == [partition: 10, empty: 0])
            }
        }

        @Test(arguments: TestEnvironment.all)
        func aGroupContinuesAtTheCommittedOffsetAndItsMetadata(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("commit", partitions: 2)
            try await cluster.produce(Self.records(of: topic, count: 30))
            let group = unique("group")
            let partition = TopicPartition(topic, 0)
            let other = TopicPartition(topic, 1)
            var configuration = cluster.consumer(group: group)
            configuration.enableAutoCommit = false
            try await KafkaConsumer.withConsumer(configuration, assigned: [partition, other]) { consumer in
                let observed10 = try await consumer.committedOffset(of: partition)
                #expect(observed10 == nil)
                let read = try await consumer.read(12)
                try await consumer.commit(read[4])
                let observed11 = try await consumer.committedOffset(of: partition)?.offset
                #expect(observed11 == 5)
                try await consumer.commit()
                let observed12 = try await consumer.committedOffset(of: partition)?.offset
                #expect(observed12 == 12)
                try await consumer.commit([other: OffsetAndMetadata(offset: 0, metadata: "state 7 é")])
            }
            try await KafkaConsumer.withConsumer(configuration, assigned: [partition, other]) { consumer in
                let committed = try await consumer.committedOffsets(of: [partition, other])
                #expect(committed[other]?.metadata == "state 7 é")
                let observed13 = try await consumer.read(1).map(\.offset)
                #expect(observed13 == [12])
                try await consumer.seek(partition, to: .offset(20))
                try await consumer.seek(partition, to: .committed)
                let observed14 = try await consumer.position(of: partition)
                #expect(observed14 == 12)
            }
        }

        @Test(arguments: TestEnvironment.all)
        func processedRecordsAreCommittedAutomaticallyAndTheCurrentOneIsNot(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("auto-commit")
            try await cluster.produce(Self.records(of: topic, count: 30))
            let group = unique("group")
            let configuration = cluster.consumer(group: group)
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: [topic]) { consumer in
                let read = try await consumer.read(10)
                #expect(read.last?.offset == 9)
            }
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: [topic]) { consumer in
                let observed15 = try await consumer.committedOffset(of: TopicPartition(topic, 0))?.offset
                #expect(observed15 == 9)
                let observed16 = try await consumer.read(1).map(\.offset)
                #expect(observed16 == [9])
            }
        }

        @Test(arguments: TestEnvironment.all)
        func anAutomaticCommitDoesNotTakeBackAnExplicitOne(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("auto-commit")
            try await cluster.produce(Self.records(of: topic, count: 30))
            let partition = TopicPartition(topic, 0)
            /// Lets a member of a new group read and leave, and returns what the group has committed.
            func committed(after body: (KafkaConsumer) async throws -> Void) async throws -> Int64? {
                let configuration = cluster.consumer(group: unique("group"))
                try await KafkaConsumer.withConsumer(configuration, subscribedTo: [topic], body)
                return try await KafkaConsumer.withConsumer(configuration, assigned: [partition]) {
                    try await $0.committedOffset(of: partition)?.offset
                }
            }
            let records = try await committed { consumer in
                _ = try await consumer.read(10)
                try await consumer.commit()
            }
            #expect(records == 10)
            var end: Int64?
            let batch = try await committed { consumer in
                for try await batch in consumer.batches {
                    end = batch.nextOffset.offset
                    try await consumer.commit([partition: batch.nextOffset])
                    break
                }
            }
            #expect(batch == end)
            // Seeking back is respected: 5 is being processed, 4 has been.
            let back = try await committed { consumer in
                _ = try await consumer.read(10)
                try await consumer.commit()
                try await consumer.seek(partition, to: .offset(3))
                let again = try await consumer.read(3)
                #expect(again.map(\.offset) == [3, 4, 5])
            }
            #expect(back == 5)
        }

        @Test(arguments: TestEnvironment.all)
        func aPositionOutsideOfTheLogIsResetOrAnErrorByPolicy(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("range")
            try await cluster.produce(Self.records(of: topic, count: 5))
            let partition = TopicPartition(topic, 0)
            try await KafkaConsumer.withConsumer(cluster.consumer(), assigned: [partition]) { consumer in
                try await consumer.seek(partition, to: .offset(1000))
                let observed17 = try await consumer.read(1).map(\.offset)
                #expect(observed17 == [0])
            }
            var configuration = cluster.consumer()
            configuration.autoOffsetReset = .none
            try await KafkaConsumer.withConsumer(configuration, assigned: [partition]) { consumer in
                let failure = await #expect(throws: KafkaError.self) { _ = try await consumer.read(1) }
                #expect(failure?.code == .noOffsetForPartition)
                try await consumer.seek(partition, to: .offset(1000))
                let other = await #expect(throws: KafkaError.self) { _ = try await consumer.read(1) }
                #expect(other?.code == .offsetOutOfRange)
                #expect(other?.topic == topic)
                try await consumer.seek(partition, to: .offset(3))
                let observed18 = try await consumer.read(1).map(\.offset)
                #expect(observed18 == [3])
            }
        }

        @Test(arguments: TestEnvironment.all)
        func pausedPartitionsReturnNothingAndContinueAfterwards(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("pause", partitions: 2)
            let records = (0..<100).map { ProducerRecord(topic: topic, partition: Int32($0 % 2), value: "\($0)") }
            try await cluster.produce(records)
            let (first, second) = (TopicPartition(topic, 0), TopicPartition(topic, 1))
            try await KafkaConsumer.withConsumer(cluster.consumer(), assigned: [first, second]) { consumer in
                try consumer.pause([first])
                let observed19 = try await consumer.read(50).map(\.partition)
                #expect(observed19 == Array(repeating: 1, count: 50))
                try consumer.resume([first])
                let observed20 = try await consumer.read(50).map(\.offset)
                #expect(observed20 == (0..<50).map { Int64($0) })
            }
        }

        @Test(.namesWhere) func anUnknownTopicIsAnErrorWithItsName() async {
            await atOnce(on: TestEnvironment.all) { try await self.useUnknownTopic(on: $0) }
        }

        private func useUnknownTopic(on environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let name = unique("absent")
            let sent = await #expect(throws: KafkaError.self) {
                try await cluster.produce([ProducerRecord(topic: name, value: "x")]) {
                    $0.maxBlock = .seconds(3)
                }
            }
            #expect(sent?.code == .unknownTopicOrPartition)
            #expect(sent?.topic == name)
            var client = cluster.client
            client.apiTimeout = .seconds(3)
            try await KafkaConsumer.withConsumer(ConsumerConfiguration(client), assigned: []) { consumer in
                let asked = await #expect(throws: KafkaError.self) { _ = try await consumer.partitions(of: name) }
                #expect(asked?.code == .unknownTopicOrPartition)
                #expect(asked?.topic == name)
            }
        }

        @Test(arguments: TestEnvironment.all)
        func anInvalidTopicNameIsRefused(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let failure = await #expect(throws: KafkaError.self) {
                try await cluster.produce([ProducerRecord(topic: "not a topic!", value: "x")]) {
                    $0.maxBlock = .seconds(5)
                }
            }
            // Kafka 2.1 only reports that the topic is unknown.
            let codes: [ErrorCode?] = [.invalidTopicException, .unknownTopicOrPartition]
            #expect(codes.contains(failure?.brokerCode))
        }

        @Test(arguments: TestEnvironment.all)
        func anUnknownPartitionIsAnError(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("few", partitions: 2)
            let failure = await #expect(throws: KafkaError.self) {
                try await cluster.produce([ProducerRecord(topic: topic, partition: 7, value: "x")]) {
                    $0.maxBlock = .seconds(3)
                }
            }
            #expect(failure?.topic == topic)
            #expect(failure?.partition == 7)
        }

        @Test(arguments: TestEnvironment.all)
        func aPatternFindsTopicsCreatedLater(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let prefix = unique("pattern")
            let first = try await cluster.createTopic(prefix)
            try await cluster.produce([ProducerRecord(topic: first, value: "1")])
            var configuration = cluster.consumer(group: prefix)
            configuration.cluster.metadataMaxAge = .milliseconds(500)
            let pattern = try TopicPattern("\(prefix)-.*")
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: pattern) { consumer in
                let observed21 = try await consumer.read(1).map(\.topic)
                #expect(observed21 == [first])
                let second = try await cluster.createTopic(prefix)
                try await cluster.produce([ProducerRecord(topic: second, value: "2")])
                var read: [ConsumerRecord] = []
                while read.isEmpty {
                    read = try await consumer.poll(timeout: .seconds(10)).filter { $0.topic == second }
                }
                #expect(read.map(\.text) == ["2"])
            }
        }

        /// Brokers from 3.0 on don't store such records.
        private static let oldest = TestEnvironment.real.filter { environment in
            if case .real(let installation) = environment { installation.storesOldFormats } else { false }
        }

        @Test(arguments: Self.oldest)
        func recordsOfKafka09HaveNoTimestampAndOtherPartitionsAreAnswered(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let old = try await cluster.createTopic("old", settings: ["message.format.version": "0.9.0"])
            let new = try await cluster.createTopic("new")
            // Producers are not idempotent with this format.
            for topic in [old, new] {
                try await cluster.produce([ProducerRecord(topic: topic, value: "1")]) { $0.enableIdempotence = false }
            }
            let partitions = [old, new].map { TopicPartition($0, 0) }
            var configuration = cluster.consumer()
            configuration.autoOffsetReset = .byDuration(.seconds(3600))
            try await KafkaConsumer.withConsumer(configuration, assigned: partitions) { consumer in
                let time = Timestamp(millisecondsSince1970: 1)
                let found = try await consumer.offsets(for: [partitions[0]: time, partitions[1]: time])
                #expect(found.mapValues(\.offset) == [partitions[1]: 0])
                let positions = [
                    try await consumer.position(of: partitions[0]), try await consumer.position(of: partitions[1]),
                ]
                #expect(positions == [1, 0])
            }
        }

        /// Returns records in which the n-th has the value n and a timestamp ten seconds after the previous one.
        private static func records(of topic: String, count: Int) -> [ProducerRecord] {
            (0..<count).map {
                ProducerRecord(topic: topic, partition: 0, value: "\($0)", timestamp: Self.time(of: $0))
            }
        }

        private static func time(of index: Int) -> Timestamp {
            Timestamp(millisecondsSince1970: 1_700_000_000_000 + Int64(index) * 10_000)
        }
    }
}
