// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaMemory
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka
@testable import EmbeddedKafka

/// The time by the test's clock in seconds, such as an hour; by default a few minutes.
private let loadSeconds = ProcessInfo.processInfo.environment["KAFKA_TEST_LOAD_SECONDS"].flatMap(Int.init)

/// A group whose members come, go and die has as much of everything afterwards as before.
@Suite(.timeLimit(.minutes(15))) struct GroupGrowthTests {
    private static let partitions = 12

    @Test(arguments: HandoverProtocol.allCases)
    func membersThatComeGoAndDieLeaveNothingBehind(handover: HandoverProtocol) async throws {
        let clock = TestClock()
        var configuration = EmbeddedKafka.Configuration()
        configuration.requestLogCapacity = 10
        let time = Duration.seconds(loadSeconds ?? 180)
        let samples = Lock(Samples())
        let remains = Remains()
        try await clock.withCluster(configuration, atMost: time + .seconds(600)) { kafka in
            try await kafka.createTopic("t", partitions: Self.partitions)
            for partition in 0..<Self.partitions { try await kafka.fill("t", partition: Int32(partition), 1) }
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                let staying = [Member("a", handover, remains), Member("b", handover, remains)]
                for member in staying { tasks.addTask { try await member.run(kafka) } }
                let end = clock.now + time
                repeat {
                    try await self.change(kafka, handover, remains, clock)
                    try await clock.until { staying.reduce(0) { $0 + $1.assigned } == Self.partitions }
                    let sample = try await Sample(kafka)
                    samples.withLock { $0.add(sample) }
                } while clock.now < end
                for member in staying { member.stop() }
                try await tasks.waitForAll()
            }
            // The threads of their loops may be about to end.
            for _ in 0..<10 where remains.count > 0 { try await clock.sleep(for: .milliseconds(10)) }
            #expect(remains.count == 0, "clients that nobody has anymore are in memory")
        }
        try self.check(samples.withLock { $0 }, handover)
    }

    /// Two members join the two that stay. One leaves, and one dies, so that its session has to end.
    private func change(
        _ kafka: EmbeddedKafka, _ handover: HandoverProtocol, _ remains: Remains, _ clock: TestClock
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            let (leaving, dying) = (Member("c", handover, remains), Member("d", handover, remains, dies: true))
            for member in [leaving, dying] { tasks.addTask { try await member.run(kafka) } }
            try await kafka.waitForStableGroup("g", members: 4, timeout: .seconds(120))
            for member in [leaving, dying] { member.stop() }
            try await tasks.waitForAll()
            try await kafka.waitForStableGroup("g", members: 2, timeout: .seconds(120))
        }
    }

    private func check(_ samples: Samples, _ handover: HandoverProtocol) throws {
        let (first, last) = try (#require(samples.first), #require(samples.last))
        #expect(samples.differences == [], "compared with \(first)")
        #expect(last.descriptors <= first.descriptors, "\(first), \(last)")
        // The pool of the tasks makes its threads when it needs them.
        let pool = ProcessInfo.processInfo.activeProcessorCount
        #expect(last.threads <= first.threads + pool, "\(first), \(last)")
        // A member that closes before its first fetch is answered doesn't know the session that the answer begins, and can't end it.
        // It stays until the broker needs its place. If no session was ended, two would stay in each round.
        #expect(last.fetchSessions <= 2 + samples.count, "\(last.fetchSessions) in \(samples.count) rounds")
        guard let growth = samples.growth else { return }
        say("  \(handover): \(samples.count) rounds, the heap grew by \(growth) bytes a round; \(last)")
        // What a member needs has tens of kilobytes.
        #expect(growth < 1000, "\(samples.heap)")
    }
}

/// The samples of a run. It keeps little of them, because it is measured, too.
private struct Samples: Sendable {
    private(set) var count = 0
    /// The first one after the rounds in which connections and threads are opened as they are needed.
    private(set) var first: Sample?
    private(set) var last: Sample?
    /// The first samples in which the broker has other numbers of anything than in the first one.
    private(set) var differences: [String] = []
    private(set) var heap: [Int] = []

    init() { self.heap.reserveCapacity(10_000) }

    mutating func add(_ sample: Sample) {
        self.count += 1
        guard self.count > 2 else { return }
        if let first = self.first, sample.sizes != first.sizes || sample.waitingFetches > 2, self.differences.count < 3
        {
            self.differences.append("\(sample)")
        }
        if let heap = sample.heap { self.heap.append(heap) }
        self.first = self.first ?? sample
        self.last = sample
    }

    /// The bytes by which a round made the heap grow, or nil if there were too few rounds to say. A leak makes it grow in each of five
    /// windows. A thread that the pool adds, with what it keeps of freed memory, a collection that grows and a fetch session that is
    /// left belong to some of them, so the least but one counts.
    var growth: Int? {
        let length = self.heap.count / 6
        guard length >= 5 else { return nil }
        let least = (0..<6).compactMap { self.heap[$0 * length..<($0 + 1) * length].min() }
        return zip(least, least.dropFirst()).map { ($1 - $0) / length }.sorted()[1]
    }
}

/// The clients of members that have ended, as long as they are in memory.
private final class Remains: Sendable {
    private struct Client {
        weak var consumer: KafkaConsumer?
        weak var core: ConsumerCore?
        weak var cluster: Cluster?

        var isInMemory: Bool { self.consumer != nil || self.core != nil || self.cluster != nil }
    }

    private let clients = Lock<[Client]>([])

    var count: Int { self.clients.withLock { $0.count(where: \.isInMemory) } }

    func add(_ consumer: KafkaConsumer) {
        self.clients.withLock { clients in
            clients.removeAll { !$0.isInMemory }
            clients.append(Client(consumer: consumer, core: consumer.core, cluster: consumer.core.cluster))
        }
    }
}

/// A member of the group "g" that reads the topic "t".
private final class Member: Sendable {
    private let name: String
    private let handover: HandoverProtocol
    private let remains: Remains
    private let dies: Bool
    private let life = Lock<(consumer: KafkaConsumer?, isStopped: Bool)>((nil, false))

    init(_ name: String, _ handover: HandoverProtocol, _ remains: Remains, dies: Bool = false) {
        self.name = name
        self.handover = handover
        self.remains = remains
        self.dies = dies
    }

    /// The number of its partitions.
    var assigned: Int { self.life.withLock { $0.consumer }?.assignment.count ?? 0 }

    func run(_ kafka: EmbeddedKafka) async throws {
        var configuration = ConsumerConfiguration(kafka.clientConfiguration, groupID: "g")
        configuration.cluster.clientID = self.name
        configuration.cluster.log = SilentLog()
        configuration.autoOffsetReset = .earliest
        configuration.fetchMaxWait = .seconds(20)
        // The default intervals.
        switch self.handover {
        case .eager: configuration.groupProtocol = .classic()
        case .cooperative:
            configuration.groupProtocol = .classic(ClassicGroupProtocol(assignors: [.cooperativeSticky]))
        case .consumer: configuration.groupProtocol = .consumer()
        }
        if self.dies { configuration.groupMembershipOnClose = .remainInGroup }
        try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
            self.remains.add(consumer)
            let isStopped = self.life.withLock { life in
                life.consumer = consumer
                return life.isStopped
            }
            if isStopped { consumer.triggerGracefulShutdown() }
            for try await _ in consumer.records {}
        }
    }

    func stop() {
        let consumer = self.life.withLock { life in
            life.isStopped = true
            return life.consumer
        }
        consumer?.triggerGracefulShutdown()
    }
}

/// What the process and the broker have at a moment at which only the members that stay are there.
private struct Sample: Sendable {
    /// The sizes of the broker's collections.
    var sizes: [String: Int]
    /// The fetches that wait at the broker. A member may be about to send the next one.
    var waitingFetches: Int
    var fetchSessions: Int
    var descriptors: Int
    var threads: Int
    /// The bytes of the heap in use, or nil where the system doesn't report them.
    var heap: Int?

    init(_ kafka: EmbeddedKafka) async throws {
        self.sizes = try await kafka.onLoop { cluster in
            let group = cluster.groups["g"]
            return [
                "groups": cluster.groups.count, "members": group?.memberCount ?? 0,
                "pending members": group?.classic.pendingMembers.count ?? 0,
                "saved members": group?.classic.saved.members.count ?? 0,
                "targets": group?.epochs.target.count ?? 0, "holders": group?.epochs.holders.count ?? 0,
                "topics": group?.epochs.subscribed.count ?? 0, "patterns": group?.epochs.matches.count ?? 0,
                "offsets": group?.offsets["t"]?.count ?? 0, "waiters": cluster.waiters.count,
            ]
        }
        func count(_ folder: String) -> Int {
            (try? FileManager.default.contentsOfDirectory(atPath: folder))?.count ?? 0
        }
        self.fetchSessions = try await kafka.onLoop { cluster in
            cluster.brokers.values.reduce(0) { $0 + $1.fetchSessions.sessions.count }
        }
        self.waitingFetches = try await kafka.onLoop { $0.waitingFetches.count }
        self.descriptors = count("/proc/self/fd")
        self.threads = count("/proc/self/task")
        self.heap = HeapUse.bytes
    }
}
