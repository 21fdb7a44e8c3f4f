// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import EmbeddedKafka

/// Runs of groups with random events: whatever happens, no two members have the same partition.
@Suite(.timeLimit(.minutes(3))) struct EpochGroupRunTests {
    /// A group whose members may be slow to give up partitions, lose answers, or die.
    private struct Run {
        var rig: EpochGroupRig
        var random: SeededRandom
        /// The assignments that members have been told, and not taken yet.
        var told: [String: Set<GroupPartition>] = [:]
        var heard: [String: Int64] = [:]
        var subscriptions: [String: Set<String>] = [:]
        /// The members whose last answer was lost, which say everything again.
        var unsure: Set<String> = []
        var made = 0

        init(seed: UInt64) {
            self.random = SeededRandom(seed)
            self.rig = EpochGroupRig(.init(sessionTimeout: 1000), topics: ["t": 7, "u": 3])
        }

        mutating func step() throws {
            switch Int.random(in: 0..<20, using: &self.random) {
            case 0...1 where self.rig.owned.count < 8: try self.join()
            case 2: if let id = self.anyone() { self.leave(id) }
            case 3: if let id = self.anyone() { self.forget(id) }
            case 4: self.rig.setTopic("t", self.rig.topics.byName["t"].map { min($0.partitions + 1, 20) } ?? 7)
            case 5: if let id = self.anyone() { try self.subscribe(id) }
            case 6...8: self.pass()
            default: if let id = self.anyone() { try self.heartbeat(id) }
            }
            var owners: [GroupPartition: String] = [:]
            for (id, owned) in self.rig.owned {
                for partition in owned {
                    if let other = owners[partition] { Issue.record("\(partition.index) is of \(id) and \(other)") }
                    owners[partition] = id
                }
            }
        }

        private mutating func anyone() -> String? {
            self.rig.owned.keys.sorted().randomElement(using: &self.random)
        }

        private mutating func join() throws {
            self.made += 1
            let id = "m\(self.made)"
            let assignor = GroupAssignor.allCases.randomElement(using: &self.random)
            self.heard[id] = self.rig.now
            self.subscriptions[id] = ["t"]
            try self.rig.join(id, ["t"]) { heartbeat in
                heartbeat.rebalanceTimeout = 100_000
                heartbeat.assignor = assignor
            }
        }

        private mutating func leave(_ id: String) {
            // The group may have removed it already.
            try? self.rig.leave(id)
            self.forget(id)
        }

        /// The member stops, or is to join again.
        private mutating func forget(_ id: String) {
            self.rig.owned[id] = nil
            self.rig.epochs[id] = nil
            self.told[id] = nil
            self.unsure.remove(id)
        }

        private mutating func subscribe(_ id: String) throws {
            let topics: Set<String> = [["t"], ["u"], ["t", "u"]].randomElement(using: &self.random) ?? ["t"]
            self.subscriptions[id] = topics
            try self.heartbeat(id) { $0.topics = topics }
        }

        private mutating func pass() {
            self.rig.pass(Int64.random(in: 1...300, using: &self.random))
            // A member that has heard nothing for the session timeout gives up its partitions.
            for (id, time) in self.heard where time + 1000 <= self.rig.now { self.forget(id) }
        }

        mutating func heartbeat(_ id: String, _ change: (inout EpochGroup.Heartbeat) -> Void = { _ in }) throws {
            // Half of the time the member has done what it was told before.
            if let told = self.told[id], Bool.random(using: &self.random) {
                self.rig.owned[id] = told
                self.told[id] = nil
            }
            let owned = self.rig.owned[id] ?? []
            let epoch = self.rig.epochs[id]
            let repeated = self.unsure.contains(id) ? self.subscriptions[id] : nil
            do throws(BrokerError) {
                let answer = try self.rig.heartbeat(id) { heartbeat in
                    heartbeat.owned = owned
                    if let repeated { (heartbeat.topics, heartbeat.rebalanceTimeout) = (repeated, 100_000) }
                    change(&heartbeat)
                }
                self.rig.owned[id] = owned
                if Int.random(in: 0..<10, using: &self.random) == 0 {
                    self.rig.epochs[id] = epoch
                    self.told[id] = nil
                    self.unsure.insert(id)
                    return
                }
                self.unsure.remove(id)
                self.heard[id] = self.rig.now
                if let assignment = answer.assignment {
                    // It gives up before it takes.
                    self.rig.owned[id] = owned.intersection(assignment)
                    self.told[id] = Set(assignment)
                }
            } catch {
                #expect([.fencedMemberEpoch, .unknownMemberId].contains(error.code))
                self.forget(id)
            }
        }

        /// Lets everyone send heartbeats until nothing changes, and checks that each partition has an owner.
        mutating func settle() throws {
            self.rig.pass(2000)
            for id in Array(self.rig.owned.keys) { self.forget(id) }
            for _ in 0..<3 { try self.join() }
            try self.rig.settleAll()
            #expect(self.rig.group.state == .stable)
            let sizes = self.rig.group.members.values.map(\.assigned.count)
            #expect(sizes.reduce(0, +) == Int(self.rig.topics.byName["t"]?.partitions ?? 0))
        }
    }

    @Test(arguments: 0..<300 as Range<UInt64>) func noPartitionHasTwoOwners(seed: UInt64) throws {
        var run = Run(seed: seed)
        for _ in 0..<200 { try run.step() }
        try run.settle()
    }
}
