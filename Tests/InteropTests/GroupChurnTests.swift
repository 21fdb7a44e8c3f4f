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
    /// A group whose members change all the time.
    @Suite(.timeLimit(.minutes(3)))
    struct GroupChurn {
        private static let partitions = 8

        /// The members' actions are derived from `seed` and are the same in every run; their timing relative to
        /// rebalances isn't.
        @Test(arguments: GroupSetting.newest, [7] as [UInt64])
        func aChangingGroupLosesNothing(setting: GroupSetting, seed: UInt64) async throws {
            let cluster = try await setting.environment.cluster()
            let topic = try await cluster.createTopic("churn", partitions: Self.partitions)
            let group = unique("churn")
            try await setting.setSession(.seconds(6), of: group, on: cluster)
            let journal = GroupJournal(partitions: Self.partitions)
            var random = SeededRandom(seed)
            var written = 0
            var present: [(member: GroupMember, dies: Bool)] = []
            var number = 0

            func write() async throws {
                let count = 25 * Self.partitions
                try await cluster.produce(
                    (0..<count).map {
                        ProducerRecord(topic: topic, partition: Int32($0 % Self.partitions), value: "\($0)")
                    })
                written += count / Self.partitions
            }

            try await withThrowingTaskGroup(of: Void.self) { tasks in
                func join() {
                    number += 1
                    let dies = Int.random(in: 0..<3, using: &random) == 0
                    let work = Duration.milliseconds([0, 0, 300, 900][Int.random(in: 0..<4, using: &random)])
                    let member = GroupMember(number, journal, work: work)
                    var configuration = cluster.consumer(group: group)
                    configuration.groupProtocol = setting.handover.groupProtocol(session: .seconds(6))
                    configuration.groupInstanceID = dies ? "member-\(number)" : nil
                    tasks.addTask { [configuration] in try await member.run(configuration, topic: topic) }
                    present.append((member, dies))
                }
                func leave() {
                    let leaving = present.remove(at: Int.random(in: 0..<present.count, using: &random))
                    if leaving.dies { leaving.member.die() } else { leaving.member.stop() }
                }
                func progress(_ when: String) async throws {
                    try await eventually("the group has read all \(when)", within: .seconds(60)) {
                        if let failure = journal.failure { throw failure }
                        return journal.read.allSatisfy { $0 == written }
                    }
                }

                join()
                for step in 1...6 {
                    // The group has one to four members; often two changes coincide.
                    for _ in 0...Int.random(in: 0..<2, using: &random) {
                        let mayLeave = Bool.random(using: &random)
                        if present.count == 4 || present.count > 1 && mayLeave { leave() } else { join() }
                    }
                    try await write()
                    if Bool.random(using: &random) { try await progress("after step \(step)") }
                }
                try await progress("at last")
                for (member, _) in present { member.stop() }
                try await tasks.waitForAll()
            }
            let last = GroupMember(number + 1, journal)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                var configuration = cluster.consumer(group: group)
                configuration.groupProtocol = setting.handover.groupProtocol(session: .seconds(6))
                tasks.addTask { [configuration] in try await last.run(configuration, topic: topic) }
                try await eventually("the last member has all partitions") {
                    if let failure = journal.failure { throw failure }
                    return journal.owners.allSatisfy { $0 == last.number }
                }
                try await write()
                try await eventually("the last member has read the rest") { journal.read.allSatisfy { $0 == written } }
                last.stop()
                try await tasks.waitForAll()
            }
            say("  \(number) members, \(journal.repeated) records of \(written * Self.partitions) read again")
            #expect(journal.violations.prefix(10) == [])
            #expect(journal.committed == Array(repeating: written, count: Self.partitions))
        }
    }
}
