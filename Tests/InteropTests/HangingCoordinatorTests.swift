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
    /// The broker that coordinates a group hangs: its connections stay open, and nothing is answered.
    @Suite(.timeLimit(.minutes(10)), .enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"), .threeBrokers)
    struct HangingCoordinator {
        private static let session = Duration.seconds(6)

        private func configuration(_ cluster: RealCluster, _ group: String) -> ConsumerConfiguration {
            var configuration = TestCluster.real(cluster).consumer(group: group)
            configuration.sessionTimeout = Self.session
            configuration.enableAutoCommit = false
            // How long an unanswered commit blocks the reader.
            configuration.cluster.apiTimeout = .seconds(1)
            return configuration
        }

        private func whilePaused<Value>(
            _ broker: Int, of cluster: RealCluster, _ body: () async throws -> Value
        ) async throws -> Value {
            await cluster.pause(broker)
            do {
                let value = try await body()
                await cluster.resume(broker)
                return value
            } catch {
                await cluster.resume(broker)
                throw error
            }
        }

        @Test func noMemberReadsBeyondItsSessionAndAllRejoinAtTheNextCoordinator() async throws {
            let cluster = try await ThreeBrokers.ready()
            let impatience: @Sendable (inout ProducerConfiguration) -> Void = {
                $0.cluster.requestTimeout = .seconds(2)
                $0.cluster.connectionSetupTimeout = .seconds(2)
            }
            _ = try await ClusterLoad.run(on: cluster, producer: impatience) { load in
                let group = GroupReaders(load: load, cluster: cluster)
                let configuration = self.configuration(cluster, group.group)
                let owners = Lock<[TopicPartition: Int]>([:])
                let members = (1...3).map { TimedMember($0, owners) }
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    for member in members {
                        tasks.addTask { try await member.run(configuration, topic: load.topic) }
                    }
                    try await eventually("each member has two partitions and reads", within: .seconds(60)) {
                        members.allSatisfy { $0.owned == 2 && $0.hasRead }
                    }
                    let victim = try await group.coordinator()
                    let start = ContinuousClock.now
                    try await self.whilePaused(victim, of: cluster) {
                        // Each member reaches the next coordinator in time, or loses its partitions by its own clock.
                        try await eventually("each member commits at the next coordinator", within: .seconds(90)) {
                            members.allSatisfy { $0.hasCommitted(since: start) && $0.owned == 2 }
                        }
                        say("  the group is whole again after \(ContinuousClock.now - start)")
                        for loss in members.compactMap(\.firstLoss) {
                            say("  a member heard of its loss after \(loss - start)")
                            // The last heartbeat was answered before the broker hung; the rest allows for a slow
                            // machine.
                            #expect(loss - start < Self.session + .seconds(6))
                        }
                    }
                    #expect(members.flatMap(\.violations) == [])
                    for member in members { member.stop() }
                    try await tasks.waitForAll()
                }
            }
        }

        @Test func closingKeepsToItsTimeout() async throws {
            let cluster = try await ThreeBrokers.ready()
            _ = try await ClusterLoad.run(on: cluster) { load in
                let group = GroupReaders(load: load, cluster: cluster)
                var configuration = self.configuration(cluster, group.group)
                configuration.enableAutoCommit = true
                configuration.closeTimeout = .seconds(3)
                let consumer = try KafkaConsumer(configuration)
                try consumer.subscribe(to: [load.topic])
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask { try await consumer.run() }
                    try await eventually("the member reads") {
                        try await !consumer.poll(timeout: .milliseconds(100)).isEmpty
                    }
                    let victim = try await group.coordinator()
                    try await self.whilePaused(victim, of: cluster) {
                        _ = try await consumer.poll(timeout: .zero)
                        let start = ContinuousClock.now
                        consumer.triggerGracefulShutdown()
                        _ = try await consumer.poll(timeout: .zero)
                        try await tasks.waitForAll()
                        let duration = ContinuousClock.now - start
                        say("  closing took \(duration) of \(configuration.closeTimeout)")
                        #expect(duration < .seconds(8))
                    }
                }
            }
        }
    }
}

/// A member that records the times of its events, and commits what it reads.
private final class TimedMember: ConsumerRebalanceListener {
    private struct State {
        var owned: Int?
        var hasRead = false
        var firstLoss: ContinuousClock.Instant?
        var lastCommit: ContinuousClock.Instant?
        var violations: [String] = []
        var consumer: KafkaConsumer?
    }

    private let number: Int
    /// The last owner of each partition in the whole group.
    private let owners: Lock<[TopicPartition: Int]>
    private let state = Lock(State())

    init(_ number: Int, _ owners: Lock<[TopicPartition: Int]>) {
        self.number = number
        self.owners = owners
    }

    /// The number of its partitions, or nil between a loss and the next assignment.
    var owned: Int? { self.state.withLock { $0.owned } }
    var hasRead: Bool { self.state.withLock { $0.hasRead } }
    var firstLoss: ContinuousClock.Instant? { self.state.withLock { $0.firstLoss } }
    /// The records it received from partitions of other members.
    var violations: [String] { self.state.withLock { $0.violations } }

    func hasCommitted(since start: ContinuousClock.Instant) -> Bool {
        self.state.withLock { $0.lastCommit.map { $0 > start } ?? false }
    }

    func run(_ configuration: ConsumerConfiguration, topic: String) async throws {
        try await KafkaConsumer.withConsumer(configuration, subscribedTo: [topic], listener: self) { consumer in
            self.state.withLock { $0.consumer = consumer }
            for try await batch in consumer.batches {
                let owner = self.owners.withLock { $0[batch.topicPartition] }
                self.state.withLock { state in
                    state.hasRead = true
                    if owner != self.number || state.owned == nil {
                        state.violations.append("\(self.number) reads \(batch.topicPartition), which is not its own")
                    }
                }
                let begin = ContinuousClock.now
                // It may fail, since the coordinator hangs.
                guard (try? await consumer.commit()) != nil else { continue }
                self.state.withLock { $0.lastCommit = begin }
            }
        }
    }

    func stop() {
        self.state.withLock { $0.consumer }?.triggerGracefulShutdown()
    }

    func partitionsAssigned(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        self.owners.withLock { owners in for partition in partitions { owners[partition] = self.number } }
        self.state.withLock { $0.owned = partitions.count }
    }

    func partitionsRevoked(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        self.state.withLock { $0.owned = nil }
    }

    func partitionsLost(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        self.state.withLock { state in
            state.owned = nil
            state.firstLoss = state.firstLoss ?? .now
        }
    }
}
