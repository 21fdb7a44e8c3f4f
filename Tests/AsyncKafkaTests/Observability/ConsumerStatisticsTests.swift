// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(1))) struct ConsumerStatisticsTests {
    private let clock = TestClock()
    private let partition = TopicPartition("t", 0)

    /// How the members of a group take part in it.
    enum Taking: String, CaseIterable, Sendable {
        case eager, cooperative, consumer, automatic, automaticOnOldBrokers

        var groupProtocol: GroupProtocol {
            switch self {
            case .eager: HandoverProtocol.eager.groupProtocol()
            case .cooperative: HandoverProtocol.cooperative.groupProtocol()
            case .consumer: HandoverProtocol.consumer.groupProtocol()
            case .automatic, .automaticOnOldBrokers: .automatic()
            }
        }

        var name: String {
            switch self {
            case .consumer, .automatic: "consumer"
            case .eager, .cooperative, .automaticOnOldBrokers: "classic"
            }
        }

        var broker: EmbeddedKafka.Configuration {
            var broker = HandoverProtocol.broker
            if self == .automaticOnOldBrokers { broker.groupVersion = 0 }
            return broker
        }
    }

    private struct SlowListener: ConsumerRebalanceListener {
        let clock: TestClock

        func partitionsAssigned(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
            try await self.clock.sleep(for: .seconds(2))
        }
    }

    @Test(arguments: Taking.allCases)
    func theGroupTellsItsProtocolItsMemberAndItsRebalances(taking: Taking) async throws {
        try await self.clock.withCluster(taking.broker) { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 2)
            var configuration = kafka.consuming("g")
            configuration.groupProtocol = taking.groupProtocol
            configuration.cluster.log = SilentLog()
            let consumer = try KafkaConsumer(configuration, listener: SlowListener(clock: self.clock))
            #expect(consumer.statistics().group?.state == "idle")
            try consumer.subscribe(to: ["t"])
            async let run: Void = consumer.run()
            let first = try await consumer.nextRecord()
            #expect(first?.offset == 0)
            let group = try #require(consumer.statistics().group)
            #expect(group.groupID == "g" && group.groupProtocol == taking.name)
            #expect(group.state == "stable" && !group.memberID.isEmpty && group.epoch ?? 0 > 0)
            #expect(group.rebalances >= 1 && group.rebalancingFor == nil)
            #expect(group.rebalanceTime >= .seconds(2) && group.rebalanceTime < .seconds(4))
            let members = try await kafka.group("g")?.members
            #expect(members?.map(\.id) == [group.memberID])
            // A change of the subscription takes everybody through another one.
            try await kafka.createTopic("u")
            try consumer.subscribe(to: ["t", "u"])
            try await kafka.fill("u", 1)
            var topics: Set<String> = []
            while !topics.contains("u"), let next = try await consumer.nextRecord() { topics.insert(next.topic) }
            let later = try #require(consumer.statistics().group)
            #expect(later.rebalances > group.rebalances)
            #expect(later.rebalanceTime >= .seconds(4) && later.lastRebalanceTime != nil)
            consumer.triggerGracefulShutdown()
            try await run
            #expect(consumer.statistics().group?.epoch == nil)
        }
    }

    @Test func partitionsTellTheirPositionsAndLags() async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            try await kafka.createTopic("t", partitions: 2)
            try await kafka.fill("t", 10, oneByOne: true)
            var configuration = kafka.consuming("g")
            configuration.enableAutoCommit = false
            let paused = TopicPartition("t", 1)
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition, paused]) { consumer in
                try consumer.pause([paused])
                let records = try await consumer.poll(max: 4, timeout: .seconds(20))
                #expect(records.count == 4)
                try await consumer.commit([self.partition: OffsetAndMetadata(offset: 3)])
                let statistics = consumer.statistics()
                let reading = try #require(statistics.partitions.first)
                #expect(statistics.partitions.map(\.topicPartition) == [self.partition, paused])
                #expect(reading.position == 4 && reading.endOffset == 10 && reading.lag == 6)
                #expect(reading.committedOffset == 3 && reading.leader == 1 && reading.error == nil)
                #expect(statistics.partitions.map(\.isPaused) == [false, true])
                #expect(statistics.lag == 6)
                #expect(statistics.records.total == 4 && statistics.batches.total == 4)
                // Answers stay whole, with the batches that were read.
                #expect(statistics.buffer.used == Int(statistics.fetchSize.totalSum) && reading.bufferedBytes > 0)
                #expect(statistics.fetchLatency.totalCount > 0)
                #expect(Int(statistics.fetchSize.totalSum) == statistics.bytes.total + reading.bufferedBytes)
                #expect(statistics.commitLatency.totalCount == 1 && statistics.failedCommits.total == 0)
                #expect(statistics.description.contains("t-0: position 4, lag 6, committed 3, "))
                kafka.inject(.fail(.groupAuthorizationFailed), on: .offsetCommit)
                await #expect(throws: KafkaError.self) {
                    try await consumer.commit([self.partition: OffsetAndMetadata(offset: 2)])
                }
                #expect(consumer.statistics().failedCommits.total == 1)
            }
        }
    }

    @Test func aPartitionThatCannotBeReadTellsWhy() async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            try await kafka.createTopic("t")
            let configuration = kafka.consuming()
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                kafka.inject(.fail(.kafkaStorageError), on: .fetch, times: 3)
                try await self.clock.until { consumer.statistics().partitions.first?.error != nil }
                try await self.clock.until { consumer.statistics().partitions.first?.error == nil }
            }
        }
    }

    @Test func recordsAndBatchesAreCountedOnceHoweverTheyAreTaken() async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            try await kafka.createTopic("t")
            let configuration = kafka.producing {
                $0.cluster.clock = self.clock.loopClock
                $0.linger = .seconds(1)
            }
            try await KafkaProducer.withProducer(configuration) { producer in
                let records = (0..<100).map { ProducerRecord(topic: "t", partition: 0, value: "\($0)") }
                _ = await producer.send(records)
                #expect(producer.statistics().batches.total == 1)
            }
            try await KafkaConsumer.withConsumer(kafka.consuming(), assigned: [self.partition]) { consumer in
                var read = 0
                while read < 98 {
                    read += try await consumer.poll(max: 7, timeout: .seconds(20)).count
                    #expect(consumer.statistics().records.total == read)
                    #expect(consumer.statistics().batches.total == 0)
                }
                // One by one, and again after a seek.
                _ = try await consumer.nextRecord()
                #expect(consumer.statistics().records.total == 99)
                try await consumer.seek(self.partition, to: .offset(90))
                #expect(consumer.statistics().records.total == 99)
                var rest = 0
                while rest < 10 { rest += try await consumer.poll(max: 10 - rest, timeout: .seconds(20)).count }
                let statistics = consumer.statistics()
                #expect(statistics.records.total == 109 && statistics.batches.total == 1)
                #expect(statistics.fetchSize.totalSum >= Double(statistics.bytes.total) && statistics.bytes.total > 0)
            }
        }
    }
}
