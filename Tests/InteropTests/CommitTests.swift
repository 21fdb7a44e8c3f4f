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
    /// A group's committed offsets after its reader has left, and the errors that the reader gets.
    @Suite(.timeLimit(.minutes(3)))
    struct Commits {
        private func records(of topic: String, _ count: Int, _ prefix: String) -> [ProducerRecord] {
            (0..<count).map { ProducerRecord(topic: topic, partition: 0, value: "\(prefix)\($0)") }
        }

        private func committed(_ cluster: TestCluster, _ group: String, _ topic: String) async throws -> Int64? {
            try await KafkaConsumer.withConsumer(cluster.consumer(group: group), assigned: []) { consumer in
                try await consumer.committedOffset(of: TopicPartition(topic, 0))?.offset
            }
        }

        @Test(arguments: TestEnvironment.all)
        func processedRecordsOfAssignedPartitionsAreCommittedAtTheEnd(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("assigned")
            try await cluster.produce(self.records(of: topic, 5, "v"))
            var configuration = cluster.consumer(group: topic)
            configuration.autoCommitInterval = .seconds(600)
            for (expected, first) in [(Int64(3), Int64(0)), (4, 3)] {
                try await KafkaConsumer.withConsumer(configuration, assigned: [TopicPartition(topic, 0)]) { consumer in
                    var offsets: [Int64] = []
                    for try await record in consumer.records {
                        offsets.append(record.offset)
                        if record.offset == expected { break }
                    }
                    #expect(offsets.first == first)
                }
                let committed = try await self.committed(cluster, topic, topic)
                #expect(committed == expected)
            }
        }

        @Test(arguments: TestEnvironment.all, [true, false])
        func aRecreatedTopicIsReadFromItsBeginning(environment: TestEnvironment, isSubscribed: Bool) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("recreated")
            let probe = try await BrokerVersions.haveTopicIDs(cluster)
            try await cluster.produce(self.records(of: topic, 20, "old"))
            var configuration = cluster.consumer(group: topic)
            configuration.enableAutoCommit = false
            configuration.cluster.metadataMaxAge = .seconds(2)
            let consumer = try KafkaConsumer(configuration)
            if isSubscribed {
                try consumer.subscribe(to: [topic])
            } else {
                try consumer.assign([TopicPartition(topic, 0)])
            }
            async let run: Void = consumer.run()
            let old = try await consumer.read(20)
            #expect(old.last?.text == "old19")
            try await consumer.commit()
            try await cluster.recreateTopic(topic)
            // Without topic ids, only a shorter log reveals it.
            let count = probe ? 50 : 10
            try await cluster.produce(self.records(of: topic, count, "new"))
            let new = try await consumer.read(count)
            #expect(new.map(\.text) == (0..<count).map { "new\($0)" })
            try await consumer.commit()
            let committed = try await self.committed(cluster, topic, topic)
            #expect(committed == Int64(count))
            consumer.triggerGracefulShutdown()
            try await run
        }

        @Test(arguments: TestEnvironment.all)
        func aCommitForADeletedTopicFailsAtOnceAndTheOtherTopicIsCommitted(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let kept = try await cluster.createTopic("kept")
            let gone = try await cluster.createTopic("gone")
            for topic in [kept, gone] { try await cluster.produce(self.records(of: topic, 2, "v")) }
            var configuration = cluster.consumer(group: kept)
            configuration.enableAutoCommit = false
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: [kept, gone]) { consumer in
                _ = try await consumer.read(4)
                try await cluster.deleteTopic(gone)
                let begin = ContinuousClock.now
                let failure = await #expect(throws: KafkaError.self) {
                    try await consumer.commit([
                        TopicPartition(kept, 0): OffsetAndMetadata(offset: 2),
                        TopicPartition(gone, 0): OffsetAndMetadata(offset: 2),
                    ])
                }
                #expect(ContinuousClock.now - begin < .seconds(30))
                let isTold = failure?.code == .unknownTopicOrPartition || failure?.code == .commitFailed
                #expect(isTold, "\(failure.map { "\($0)" } ?? "")")
                if let partial = failure?.underlyingError as? PartialCommitError {
                    #expect(partial.stored.keys.map(\.topic) == [kept])
                    #expect(partial.failures.keys.map(\.topic) == [gone])
                }
            }
        }

        @Test(arguments: TestEnvironment.all)
        func aSeekDoesNotWaitForTheFetchInFlight(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("seeking")
            try await cluster.produce(self.records(of: topic, 5, "v"))
            let partition = TopicPartition(topic, 0)
            var configuration = cluster.consumer()
            configuration.fetchMaxWait = .seconds(25)
            try await KafkaConsumer.withConsumer(configuration, assigned: [partition]) { consumer in
                _ = try await consumer.read(5)
                for round in 0..<3 {
                    // There are no records, so a fetch waits at the broker.
                    let nothing = try await consumer.poll(timeout: .milliseconds(300))
                    #expect(nothing.isEmpty)
                    try await consumer.seek(partition, to: .offset(Int64(round)))
                    let records = try await consumer.poll(timeout: .seconds(12))
                    #expect(records.first?.offset == Int64(round))
                }
            }
        }

        @Test(arguments: TestEnvironment.all)
        func aRecordWithoutATimestampIsStoredAndReadWithoutOne(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("timeless")
            let none = Timestamp(millisecondsSince1970: -1)
            try await cluster.produce([
                ProducerRecord(topic: topic, partition: 0, value: "x", timestamp: none),
                ProducerRecord(topic: topic, partition: 0, value: "y"),
            ])
            let read = try await cluster.read(2, from: topic)
            #expect(read[0].timestamp == none)
            #expect(read[1].timestamp > none)
            // With the timestamp that was read.
            try await cluster.produce([
                ProducerRecord(topic: topic, partition: 0, value: "z", timestamp: read[0].timestamp)
            ])
            let again = try await cluster.read(3, from: topic)
            #expect(again.last?.timestamp == none)
        }

        @Test(
            .enabled(if: JavaProgram.isAvailable, Comment(rawValue: JavaProgram.skipped)),
            arguments: TestEnvironment.real)
        func committingEachRecordLeavesNoLag(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("trailing", partitions: 3)
            let seed = "\(UInt32.random(in: 0 ... .max))"
            _ = try await JavaProgram.run("TransactionalWriter", [cluster.bootstrap, topic, "3", "none", seed])
            _ = try await JavaProgram.run("TransactionalWriter", [cluster.bootstrap, topic, "3", "none", "finish"])
            for isReadCommitted in [true, false] {
                try await self.commitEachRecord(of: topic, on: cluster, isReadCommitted: isReadCommitted)
            }
        }

        private func commitEachRecord(of topic: String, on cluster: TestCluster, isReadCommitted: Bool) async throws {
            let partitions = (0..<3).map { TopicPartition(topic, Int32($0)) }
            var configuration = cluster.consumer(group: "\(topic)-\(isReadCommitted)")
            configuration.enableAutoCommit = false
            configuration.autoCommitInterval = .milliseconds(300)
            if isReadCommitted { configuration.isolationLevel = .readCommitted }
            let reading = configuration
            let ends = try await KafkaConsumer.withConsumer(configuration, assigned: []) { consumer in
                try await consumer.endOffsets(of: partitions)
            }
            let reader = Task {
                try await KafkaConsumer.withConsumer(reading, assigned: partitions) { consumer in
                    for try await record in consumer.records { try await consumer.commit(record) }
                }
            }
            defer { reader.cancel() }
            try await KafkaConsumer.withConsumer(configuration, assigned: []) { consumer in
                try await eventually("nothing is left to commit") {
                    try await consumer.committedOffsets(of: partitions).mapValues(\.offset) == ends
                }
            }
        }
    }
}

/// The features of a cluster.
private enum BrokerVersions {
    /// Whether the cluster's topics have ids that clients can see (Metadata v10).
    static func haveTopicIDs(_ cluster: TestCluster) async throws -> Bool {
        guard case .real(let real) = cluster, let broker = await real.runningIDs.first else { return true }
        return try await BrokerProbe(port: real.port(of: broker)).apiVersions()[3]?.upperBound ?? 0 >= 10
    }
}
