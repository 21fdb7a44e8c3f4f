// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaMemory
import KafkaTestSupport
import Testing

extension InteropTests {
    @Suite(.timeLimit(.minutes(5)))
    struct SlowListeners {
        /// Brokers expire a member six seconds after its last heartbeat; the callbacks take eight.
        @Test(.namesWhere) func aListenerMayTakeLongerThanTheSessionTimeout() async {
            await atOnce(on: TestEnvironment.all) { try await self.readSlowly(on: $0) }
        }

        private func readSlowly(on environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("slow", partitions: 2)
            try await cluster.produce((0..<20).map { ProducerRecord(topic: topic, partition: $0 % 2, value: "\($0)") })
            var configuration = cluster.consumer(group: unique("slow"))
            configuration.classic.sessionTimeout = .seconds(6)
            configuration.enableAutoCommit = false
            let events = Lock<[String]>([])
            let first = SlowListener("first", events, isSlow: true)
            let second = SlowListener("second", events, isSlow: false)

            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { [configuration] in try await first.read(topic, configuration) }
                try await eventually("the first member has read all") { first.count == 20 }
                group.addTask { [configuration] in try await second.read(topic, configuration) }
                try await eventually("both members have partitions") {
                    Set(["first has 1", "second has 1"]).isSubset(of: events.withLock { $0 })
                }
                let seen = events.withLock { $0 }
                // There are no more rebalances than joining members, nothing is lost, and the commit after eight
                // seconds in the callback succeeds: the group has waited for the member.
                #expect(
                    seen.prefix(5) == [
                        "first gets 2", "first has 2", "first gives up 2", "first has committed", "first gave up 2",
                    ])
                #expect(
                    seen.dropFirst(5).sorted() == ["first gets 1", "first has 1", "second gets 1", "second has 1"])
                first.stop()
                second.stop()
                try await group.waitForAll()
            }
            // The second member found the first one's commit and began after it.
            #expect(second.count == 0)
        }
    }
}

/// A listener that, if slow, takes eight seconds in its first `partitionsAssigned` and its first `partitionsRevoked`.
private final class SlowListener: ConsumerRebalanceListener {
    private let name: String
    private let events: Lock<[String]>
    private let state: Lock<State>

    private struct State {
        var isAssignedSlow: Bool
        var isRevokedSlow: Bool
        var count = 0
        var consumer: KafkaConsumer?
    }

    init(_ name: String, _ events: Lock<[String]>, isSlow: Bool) {
        self.name = name
        self.events = events
        self.state = Lock(State(isAssignedSlow: isSlow, isRevokedSlow: isSlow))
    }

    /// The number of records read.
    var count: Int { self.state.withLock { $0.count } }

    func read(_ topic: String, _ configuration: ConsumerConfiguration) async throws {
        try await KafkaConsumer.withConsumer(configuration, subscribedTo: [topic], listener: self) { consumer in
            self.state.withLock { $0.consumer = consumer }
            for try await _ in consumer.records { self.state.withLock { $0.count += 1 } }
        }
    }

    func stop() {
        self.state.withLock { $0.consumer }?.triggerGracefulShutdown()
    }

    private func note(_ event: String) {
        self.events.withLock { $0.append("\(self.name) \(event)") }
    }

    func partitionsAssigned(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        self.note("gets \(partitions.count)")
        let isSlow = self.state.withLock { state in
            defer { state.isAssignedSlow = false }
            return state.isAssignedSlow
        }
        if isSlow { try await Task.sleep(for: .seconds(8)) }
        self.note("has \(partitions.count)")
    }

    func partitionsRevoked(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        self.note("gives up \(partitions.count)")
        let isSlow = self.state.withLock { state in
            defer { state.isRevokedSlow = false }
            return state.isRevokedSlow
        }
        if isSlow { try await Task.sleep(for: .seconds(8)) }
        try await consumer.commit()
        if isSlow { self.note("has committed") }
        self.note("gave up \(partitions.count)")
    }

    func partitionsLost(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        self.note("lost \(partitions.count)")
    }
}
