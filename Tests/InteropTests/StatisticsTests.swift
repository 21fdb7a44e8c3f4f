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
    /// What clients say of themselves agrees with what they have done on the cluster.
    @Suite(.timeLimit(.minutes(3)))
    struct Statistics {
        enum Taking: String, CaseIterable, Sendable {
            case assigned, classic, consumer, automatic

            var groupProtocol: GroupProtocol {
                switch self {
                case .assigned, .classic: .classic(ClassicGroupProtocol(heartbeatInterval: .milliseconds(200)))
                case .consumer: .consumer()
                case .automatic: .automatic()
                }
            }

            func isPossible(on environment: TestEnvironment) -> Bool {
                guard self == .consumer, case .real(let installation) = environment else { return true }
                return installation.version >= KafkaVersion(4, 0)
            }
        }

        @Test(arguments: TestEnvironment.all, Taking.allCases)
        func lagRatesAndSizesAreThoseOfWhatWasProduced(environment: TestEnvironment, taking: Taking) async throws {
            guard taking.isPossible(on: environment) else { return }
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("statistics", partitions: 2)
            let clock = ContinuousClock()
            let value = Bytes(repeatElement(1, count: 100))

            let begin = clock.now
            try await cluster.withProducer { producer in
                for number in 0..<3000 {
                    try await producer.enqueue(
                        ProducerRecord(topic: topic, partition: Int32(number % 3 / 2), value: value))
                }
                try await producer.flush()
                let statistics = producer.statistics()
                let time = Double((clock.now - begin) / .seconds(1))
                #expect(statistics.records.total == 3000 && statistics.failedRecords.total == 0)
                // The time since the client was created, which isn't less than a second for a rate.
                #expect(statistics.records.perSecond >= 3000 / (time + 1) && statistics.records.perSecond <= 3000)
                #expect(statistics.sendLatency.totalCount == statistics.batches.total)
                #expect(statistics.batchRecords.totalSum == 3000)
                #expect(statistics.batchSize.totalSum > 300_000 && statistics.batchSize.totalSum < 400_000)
                #expect(Double(statistics.bytes.total) >= statistics.batchSize.totalSum)
                #expect(statistics.client.bytesSent.total > statistics.bytes.total)
                #expect(statistics.client.connections.contains { $0.state == .open && $0.roundTrip.totalCount > 0 })
                #expect(producer.health == .ready)
            }

            var configuration = cluster.consumer(group: topic)
            configuration.groupProtocol = taking.groupProtocol
            configuration.enableAutoCommit = false
            let partitions = [TopicPartition(topic, 0), TopicPartition(topic, 1)]
            let consumer = try KafkaConsumer(configuration)
            if taking == .assigned { try consumer.assign(partitions) } else { try consumer.subscribe(to: [topic]) }
            async let run: Void = consumer.run()
            var read = 0
            while read < 1000 { read += try await consumer.poll(max: 1000 - read, timeout: .seconds(30)).count }
            // Each partition has said how long it is.
            while consumer.statistics().partitions.contains(where: { $0.lag == nil }) {
                read += try await consumer.poll(max: 1, timeout: .seconds(30)).count
            }
            let halfway = consumer.statistics()
            #expect(halfway.records.total == read && halfway.lag == Int64(3000 - read))
            #expect(halfway.partitions.compactMap(\.endOffset) == [2000, 1000])
            #expect(halfway.partitions.compactMap(\.position).reduce(0, +) == Int64(read))
            while read < 3000 { read += try await consumer.poll(max: 3000 - read, timeout: .seconds(30)).count }
            try await consumer.commit()
            let statistics = consumer.statistics()
            #expect(statistics.lag == 0 && statistics.records.total == 3000)
            #expect(statistics.partitions.map(\.committedOffset) == [2000, 1000])
            #expect(statistics.fetchSize.totalSum >= Double(statistics.bytes.total))
            #expect(statistics.client.bytesReceived.total > statistics.bytes.total)
            #expect(statistics.commitLatency.totalCount == 1 && consumer.health == .ready)
            if taking == .assigned {
                #expect(statistics.group?.state == "idle" && statistics.group?.rebalances == 0)
            } else {
                try await self.expectMember(try #require(statistics.group), of: cluster)
            }
            consumer.triggerGracefulShutdown()
            // Otherwise closing waits for the reader.
            _ = try await consumer.poll(timeout: .zero)
            try await run
            #expect(consumer.health == .stopped)
        }

        /// Expects that the coordinator says the same of the group.
        private func expectMember(_ group: ConsumerStatistics.Group, of cluster: TestCluster) async throws {
            try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                let description = try #require(await admin.describeGroups([group.groupID])[group.groupID]).get()
                #expect("\(description.type)".lowercased() == group.groupProtocol)
                #expect(description.members.map(\.id) == [group.memberID])
                #expect(group.state == "stable" && group.rebalances >= 1 && group.epoch ?? 0 > 0)
                let lag = try #require(await admin.describeGroupLag([group.groupID])[group.groupID]).get()
                #expect(lag.total == 0)
            }
        }
    }
}
