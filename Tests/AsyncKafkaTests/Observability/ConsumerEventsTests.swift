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

/// What a consumer tells an observer, with exact figures.
@Suite(.timeLimit(.minutes(1))) struct ConsumerEventsTests {
    private let clock = TestClock()
    private let kept = KeptEvents()
    private let partition = TopicPartition("t", 0)

    private func configuration(_ kafka: EmbeddedKafka, group: String? = nil) -> ConsumerConfiguration {
        var configuration = ConsumerConfiguration(
            KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers), groupID: group)
        configuration.cluster.clock = self.clock.loopClock
        configuration.cluster.observer = self.kept
        configuration.cluster.log = SilentLog()
        configuration.autoOffsetReset = .earliest
        configuration.enableAutoCommit = false
        return configuration
    }

    /// Stores one batch of records.
    private func store(_ count: Int, in kafka: EmbeddedKafka) async throws {
        var configuration = ProducerConfiguration(KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers))
        configuration.cluster.clock = self.clock.loopClock
        configuration.cluster.log = SilentLog()
        configuration.linger = .seconds(1)
        try await KafkaProducer.withProducer(configuration) { producer in
            for number in 0..<count {
                try await producer.enqueue(ProducerRecord(topic: "t", partition: 0, value: Bytes("\(number)")))
            }
        }
    }

    @Test func fetchesAndBatchesTellWhatTheyHave() async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            try await kafka.createTopic("t")
            try await self.store(10, in: kafka)
            try await self.store(5, in: kafka)
            let configuration = self.configuration(kafka)
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                var records = 0
                for try await batch in consumer.batches {
                    records += batch.count
                    if records == 15 { break }
                }
            }
            let delivered = self.kept.batchesDelivered
            #expect(delivered.map(\.records) == [10, 5])
            #expect(delivered.map(\.baseOffset) == [0, 10])
            #expect(delivered.allSatisfy { $0.topicPartition == self.partition })
            let fetched = try #require(self.kept.partitionsFetched.first)
            #expect(fetched.topicPartition == self.partition)
            #expect(fetched.brokerID == 1)
            #expect(fetched.lag == 15)
            #expect(fetched.bytes == delivered.map(\.bytes).reduce(0, +))
        }
    }

    private struct SlowListener: ConsumerRebalanceListener {
        let clock: TestClock

        func partitionsAssigned(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
            try await self.clock.sleep(for: .seconds(2))
        }
    }

    @Test func rebalancesAndCommitsTellWhatHappenedAndHowLongItTook() async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            try await kafka.createTopic("t")
            try await self.store(3, in: kafka)
            let configuration = self.configuration(kafka, group: "g")
            let hold = EmbeddedKafka.Hold()
            try await KafkaConsumer.withConsumer(
                configuration, subscribedTo: ["t"], listener: SlowListener(clock: self.clock)
            ) { consumer in
                for try await batch in consumer.batches where batch.count == 3 { break }
                kafka.inject(.hold(hold), on: .offsetCommit)
                async let commit: Void = consumer.commit([self.partition: OffsetAndMetadata(offset: 3)])
                await hold.untilHeld()
                try await self.clock.sleep(for: .seconds(4))
                hold.release()
                try await commit
                kafka.inject(.fail(.groupAuthorizationFailed), on: .offsetCommit)
                await #expect(throws: KafkaError.self) {
                    try await consumer.commit([self.partition: OffsetAndMetadata(offset: 2)])
                }
            }
            let steps = self.kept.rebalanced
            #expect(steps.map(\.step) == [.assigned, .revoked])
            #expect(steps.allSatisfy { $0.group == "g" && $0.partitions == [self.partition] })
            #expect(steps.first?.duration == .seconds(2))
            #expect(steps.last?.duration == .zero)
            let commit = try #require(self.kept.offsetsCommitted.first)
            #expect(self.kept.offsetsCommitted.count == 1)
            #expect(commit.group == "g" && commit.offsets == [self.partition: 3])
            #expect(commit.duration == .seconds(4))
            let failure = try #require(self.kept.commitsFailed.first)
            #expect(self.kept.commitsFailed.count == 1)
            #expect(failure.error.code == .authorizationFailed)
        }
    }

    /// Cancels the task that reads as soon as it has a batch.
    private final class Canceller: KafkaObserver {
        private let isDone = Lock(false)

        func observe(_ event: KafkaEvent) {
            guard case .batchDelivered = event else { return }
            let isFirst = self.isDone.withLock { isDone in
                defer { isDone = true }
                return !isDone
            }
            if isFirst { withUnsafeCurrentTask { $0?.cancel() } }
        }
    }

    /// The cancellation concerns that task alone.
    @Test func aPollThatIsCancelledBetweenTwoBatchesReturnsTheFirstAndDisturbsNoOther() async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            try await kafka.createTopic("t")
            try await self.store(3, in: kafka)
            try await self.store(2, in: kafka)
            var configuration = self.configuration(kafka)
            configuration.cluster.observer = Canceller()
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                let cancelled = Task { try await consumer.poll(timeout: .seconds(20)) }
                let first = try await cancelled.value
                #expect(first.map(\.offset) == [0, 1, 2])
                let second = try await consumer.poll(timeout: .seconds(20))
                #expect(second.map(\.offset) == [3, 4])
            }
        }
    }
}
