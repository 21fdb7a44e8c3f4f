// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation
import KafkaMemory
import KafkaTestSupport
import Testing

/// The duration of the churn in seconds, if set. By default few members change.
private let loadSeconds = ProcessInfo.processInfo.environment["KAFKA_TEST_LOAD_SECONDS"].flatMap(Int.init)
private let seed = ProcessInfo.processInfo.environment["KAFKA_TEST_SEED"].flatMap(UInt64.init) ?? 11

extension InteropTests {
    /// A group under load, whose members belong to all clients that have its protocol, and come, go and die.
    @Suite(
        .timeLimit(.minutes(30)),
        .enabled(if: !ForeignMember.all.isEmpty, "needs Kafka's tools, aiokafka or confluent_kafka: see above"))
    struct MixedChurn {
        /// `KAFKA_TEST_LOAD_SECONDS` sets the duration, and `KAFKA_TEST_SEED` other changes, whose timing isn't derived from it.
        @Test(arguments: GroupSetting.newest)
        func membersOfAllClientsComeGoAndDieAndLoseNothing(setting: GroupSetting) async throws {
            let load = try await MixedLoad(setting.environment.cluster(), session: .seconds(6))
            try await setting.setSession(load.session, of: load.group, on: load.cluster)
            var churn = Churn(load, setting.handover)
            let start = ContinuousClock.now
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                do {
                    try await load.write { try await churn.run(for: .seconds(loadSeconds ?? 2), in: &tasks) }
                    churn.endAll(in: &tasks)
                    try await tasks.waitForAll()
                } catch {
                    say("  \(error); the members have \(load.log.view.holdings.mapValues(\.count))")
                    // Processes don't end because a task is cancelled.
                    for member in churn.all { member.kill() }
                    throw error
                }
            }
            let time = ContinuousClock.now - start
            try await load.readToEnd(setting.handover.groupProtocol(session: load.session))
            say("  \(setting.testDescription), seed \(seed), \(time): \(churn.summary)")
            say(
                "  \(load.repeated) of \(load.count) records were read again; no commit by \(load.log.view.uncommitted.sorted())"
            )
            load.check(killed: churn.killed)
            #expect(!churn.killed.isEmpty)
        }
    }
}

/// The changes of a group's members.
private struct Churn {
    private let load: MixedLoad
    private let clients: [MixedMember.Client]
    private var random = SeededRandom(seed)
    private(set) var all: [MixedMember] = []
    private(set) var present: [MixedMember] = []
    private(set) var killed: Set<String> = []
    private var longestWait = Duration.zero

    init(_ load: MixedLoad, _ handover: HandoverProtocol) {
        self.load = load
        let others = ForeignMember.all.filter { $0.has(handover) }
        self.clients =
            [.ours(handover.groupProtocol(session: load.session))]
            + others.map { client in
                // An assignor that all clients have: aiokafka offers nothing else.
                let assignors = client == .java && handover == .eager ? ["RangeAssignor", "RoundRobinAssignor"] : nil
                return .other(client, handover, assignors: assignors)
            }
    }

    /// Starts a member of each client, and changes members until the time is over, at last by a death. Each change is seen in what
    /// the members have and read before the next one, except that two may coincide.
    mutating func run(for time: Duration, in tasks: inout ThrowingTaskGroup<Void, any Error>) async throws {
        let end = ContinuousClock.now + time
        let dying = Int.random(in: self.clients.indices, using: &self.random)
        for (index, client) in self.clients.enumerated() { self.join(client, dies: index == dying, in: &tasks) }
        try await self.settle("at the start")
        repeat {
            var what = self.change(in: &tasks)
            if Int.random(in: 0..<3, using: &self.random) == 0 { what += " and " + self.change(in: &tasks) }
            try await self.settle("after \(what)")
        } while ContinuousClock.now < end
        if let index = self.present.firstIndex(where: \.dies) {
            let what = self.end(index, in: &tasks)
            try await self.settle("after \(what)")
        }
    }

    mutating func endAll(in tasks: inout ThrowingTaskGroup<Void, any Error>) {
        while !self.present.isEmpty { _ = self.end(0, in: &tasks) }
    }

    private mutating func settle(_ when: String) async throws {
        let start = ContinuousClock.now
        try await self.load.settle(self.present, when)
        self.longestWait = max(self.longestWait, ContinuousClock.now - start)
    }

    /// Makes a member join or end.
    private mutating func change(in tasks: inout ThrowingTaskGroup<Void, any Error>) -> String {
        let mayEnd = Bool.random(using: &self.random)
        if self.present.count >= 5 || self.present.count > 2 && mayEnd {
            return self.end(Int.random(in: self.present.indices, using: &self.random), in: &tasks)
        }
        // Half of them are this client's.
        let others = self.clients.dropFirst()
        let client =
            (Bool.random(using: &self.random) ? nil : others.randomElement(using: &self.random)) ?? self.clients[0]
        return self.join(client, dies: Int.random(in: 0..<3, using: &self.random) == 0, in: &tasks)
    }

    @discardableResult
    private mutating func join(
        _ client: MixedMember.Client, dies: Bool, in tasks: inout ThrowingTaskGroup<Void, any Error>
    ) -> String {
        let member = MixedMember("\(client.name)-\(self.all.count + 1)", client, self.load, dies: dies)
        tasks.addTask { try await member.run() }
        self.present.append(member)
        self.all.append(member)
        return "\(member.name) joined"
    }

    private mutating func end(_ index: Int, in tasks: inout ThrowingTaskGroup<Void, any Error>) -> String {
        let member = self.present.remove(at: index)
        if member.dies { self.killed.insert(member.name) }
        tasks.addTask { await member.end() }
        return "\(member.name) \(member.dies ? "died" : "left")"
    }

    /// A line on what happened.
    var summary: String {
        let counts = Dictionary(grouping: self.all) { $0.client.name }.mapValues(\.count)
        return counts.sorted { $0.key < $1.key }.map { "\($0.value) members of \($0.key)" }.joined(separator: ", ")
            + ", \(self.killed.count) killed; the longest change took \(self.longestWait)"
    }
}
