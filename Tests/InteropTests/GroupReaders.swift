// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaMemory
import KafkaTestSupport

/// A group member that reports its actions to a journal. It commits after every few hundred records and when partitions
/// are revoked.
final class GroupMember: ConsumerRebalanceListener {
    let number: Int
    private let journal: GroupJournal
    private let life = Lock(Life())
    private let isDying = Lock(false)
    /// The time that its callbacks take.
    private let work: Duration

    private struct Life {
        var consumer: KafkaConsumer?
        /// May be set before there is a consumer to stop.
        var isStopped = false
    }

    init(_ number: Int, _ journal: GroupJournal, work: Duration = .zero) {
        self.number = number
        self.journal = journal
        self.work = work
    }

    /// Reads until `stop`, then gives up its partitions and leaves the group.
    func run(_ configuration: ConsumerConfiguration, topic: String) async throws {
        var configuration = configuration
        configuration.enableAutoCommit = false
        configuration.cluster.clientID = "member-\(self.number)"
        do {
            try await self.read(configuration, topic: topic)
        } catch {
            self.journal.failed(error)
            throw error
        }
    }

    private func read(_ configuration: ConsumerConfiguration, topic: String) async throws {
        try await KafkaConsumer.withConsumer(configuration, subscribedTo: [topic], listener: self) { consumer in
            let isStopped = self.life.withLock { life in
                life.consumer = consumer
                return life.isStopped
            }
            if isStopped { consumer.triggerGracefulShutdown() }
            var uncommitted = 0
            for try await batch in consumer.batches {
                self.journal.read(batch.map(\.offset), of: batch.topicPartition, by: self.number)
                uncommitted += batch.count
                if uncommitted > 300 {
                    uncommitted = 0
                    do throws(KafkaError) {
                        try await self.commit(consumer)
                    } catch {
                        // A rebalance has begun in the meantime. What isn't committed may be read again.
                        guard error.code == .commitFailed else { throw error }
                    }
                }
            }
        }
    }

    func stop() {
        let consumer = self.life.withLock { life in
            life.isStopped = true
            return life.consumer
        }
        consumer?.triggerGracefulShutdown()
    }

    /// Ends the member as if its process were killed: it commits nothing more and, as a static member, doesn't leave
    /// the group.
    func die() {
        self.isDying.withLock { $0 = true }
        self.stop()
    }

    private func commit(_ consumer: KafkaConsumer) async throws(KafkaError) {
        let ends = self.journal.commitBegins(self.number)
        try await consumer.commit()
        self.journal.commitSucceeded(ends)
    }

    // MARK: - ConsumerRebalanceListener

    func partitionsRevoked(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        defer { self.journal.revoked(partitions, from: self.number) }
        if self.isDying.withLock({ $0 }) { return }
        // This is the listener's work, not a wait for something.
        try await Task.sleep(for: self.work)
        try await self.commit(consumer)
    }

    func partitionsAssigned(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        self.journal.assigned(partitions, to: self.number)
        try await Task.sleep(for: self.work)
    }

    func partitionsLost(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        self.journal.lost(partitions, by: self.number)
    }
}

/// A group that reads the topic of a load.
struct GroupReaders: Sendable {
    let group = unique("group")
    let load: ClusterLoad
    let cluster: RealCluster
    let journal = GroupJournal(partitions: ClusterLoad.partitions)

    private var configuration: ConsumerConfiguration { TestCluster.real(self.cluster).consumer(group: self.group) }

    /// Returns the broker that coordinates the group: the leader of the group's partition of the offsets topic.
    func coordinator() async throws -> Int {
        let hash = self.group.utf16.reduce(Int32(0)) { $0 &* 31 &+ Int32($1) }
        let leaders = try await self.cluster.leaders(of: "__consumer_offsets")
        return leaders[Int(hash & .max) % leaders.count]
    }

    /// Two members read while `body` runs, which begins when both have partitions. A third member replaces the second
    /// when `body` requests it.
    func run(during body: (_ exchange: () async throws -> Void) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            let members = (1...3).map { GroupMember($0, self.journal) }
            for member in members.prefix(2) {
                tasks.addTask { try await member.run(self.configuration, topic: self.load.topic) }
            }
            try await self.untilShared(by: [1, 2])
            try await body {
                members[1].stop()
                try await tasks.next()
                tasks.addTask { try await members[2].run(self.configuration, topic: self.load.topic) }
                try await self.untilShared(by: [1, 3])
            }
            for member in members { member.stop() }
            try await tasks.waitForAll()
        }
    }

    /// Reads the rest with one more member after the load has ended.
    func readToEnd() async throws {
        let member = GroupMember(4, self.journal)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await member.run(self.configuration, topic: self.load.topic) }
            try await eventually("the group has read all") { self.journal.read == self.load.ledger.enqueued }
            member.stop()
            try await tasks.waitForAll()
        }
    }

    /// Waits until the group has read, in every partition, what is enqueued by now.
    func progress(_ when: String) async throws {
        let numbers = self.load.ledger.enqueued
        let start = ContinuousClock.now
        try await eventually("the group reads on \(when)", within: .seconds(60)) {
            if let failure = self.journal.failure { throw failure }
            return zip(self.journal.read, numbers).allSatisfy { $0 >= $1 }
        }
        say("  the group reads on \(when) after \(ContinuousClock.now - start)")
    }

    private func untilShared(by members: Set<Int>) async throws {
        try await eventually("members \(members) share the partitions", within: .seconds(60)) {
            if let failure = self.journal.failure { throw failure }
            return Set(self.journal.owners) == Set(members.map { $0 })
        }
    }
}
