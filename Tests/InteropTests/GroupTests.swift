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
    /// Groups of this client's consumers, with every supported coordinator.
    @Suite(.timeLimit(.minutes(2)))
    struct Groups {
        /// Returns a configuration with a session that outlasts the test (Kafka 2.1 allows five minutes), so that no
        /// test passes only because a session ends.
        private func configuration(
            _ cluster: TestCluster, group: String, _ handover: HandoverProtocol = .eager
        ) -> ConsumerConfiguration {
            var configuration = cluster.consumer(group: group)
            configuration.groupProtocol = handover.groupProtocol(session: .seconds(280))
            configuration.maxPollInterval = .seconds(600)
            return configuration
        }

        @Test(arguments: GroupSetting.all)
        func eachRecordIsReadOnceWhileMembersJoinAndLeave(setting: GroupSetting) async throws {
            let cluster = try await setting.environment.cluster()
            let topic = try await cluster.createTopic("group", partitions: 6)
            let configuration = self.configuration(cluster, group: unique("group"), setting.handover)
            let log = GroupLog()
            let members = ["a", "b", "c"].map { LoggedMember($0, log) }
            let wave = 300
            func produce() async throws {
                try await cluster.produce((0..<wave).map { ProducerRecord(topic: topic, key: "\($0)", value: "x") })
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                // No member; then one, two and three; then two again, and one.
                try await produce()
                group.addTask { try await members[0].run(configuration, topics: [topic]) }
                try await log.untilShared(["a": 6])
                try await log.until { $0.readCount >= wave / 2 }
                group.addTask { try await members[1].run(configuration, topics: [topic]) }
                try await log.untilShared(["a": 3, "b": 3])
                try await produce()
                group.addTask { try await members[2].run(configuration, topics: [topic]) }
                try await log.untilShared(["a": 2, "b": 2, "c": 2])
                try await produce()
                members[0].stop()
                try await log.untilShared(["b": 3, "c": 3])
                try await produce()
                members[2].stop()
                try await log.untilShared(["b": 6])
                try await log.until { $0.readCount >= 4 * wave }
                members[1].stop()
                try await group.waitForAll()
            }
            let view = log.view
            #expect(view.overlaps.isEmpty, "\(view.overlaps)")
            let isLetGo = view.holdings.values.allSatisfy { $0.isEmpty }
            #expect(isLetGo)
            // In order and once, regardless of which member read them.
            for (partition, offsets) in view.reads {
                #expect(offsets == Array(0..<Int64(offsets.count)), "\(partition)")
            }
            #expect(view.readCount == 4 * wave)
        }

        @Test(arguments: TestEnvironment.all)
        func eachAssignorSharesPartitionsOut(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topics = [
                try await cluster.createTopic("one", partitions: 3),
                try await cluster.createTopic("two", partitions: 3),
            ]
            let shares: [(any ConsumerPartitionAssignor, [Int])] = [
                (.range, [2, 4]), (.roundRobin, [3, 3]), (.sticky, [3, 3]),
            ]
            for (assignor, expected) in shares {
                var configuration = self.configuration(cluster, group: unique("group"))
                configuration.classic.assignors = [assignor]
                let settings = configuration
                let log = GroupLog()
                let members = ["a", "b"].map { LoggedMember($0, log) }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for member in members { group.addTask { try await member.run(settings, topics: topics) } }
                    try await log.until { $0.holdings.values.map(\.count).sorted() == expected }
                    for member in members { member.stop() }
                    try await group.waitForAll()
                }
                #expect(log.view.overlaps.isEmpty)
            }
        }

        @Test(arguments: GroupSetting.all)
        func aReturningStaticMemberKeepsItsPartitionsWithoutARebalance(setting: GroupSetting) async throws {
            let cluster = try await setting.environment.cluster()
            let topic = try await cluster.createTopic("static", partitions: 4)
            let group = unique("group")
            func configuration(_ instance: String) -> ConsumerConfiguration {
                var configuration = self.configuration(cluster, group: group, setting.handover)
                configuration.groupInstanceID = instance
                return configuration
            }
            if case .real(let installation) = setting.environment, installation.version < KafkaVersion(2, 3) {
                // Brokers without KIP-345 have no static members, which must be an error and not be ignored.
                let error = await #expect(throws: KafkaError.self) {
                    try await LoggedMember("a", GroupLog()).run(configuration("one"), topics: [topic])
                }
                #expect(error?.code == .unsupportedVersion, "\(String(describing: error))")
                return
            }
            let log = GroupLog()
            let first = LoggedMember("a", log)
            let other = LoggedMember("b", log)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await first.run(configuration("one"), topics: [topic]) }
                tasks.addTask { try await other.run(configuration("two"), topics: [topic]) }
                try await log.untilShared(["a": 2, "b": 2])
                let before = log.view
                first.stop()
                try await tasks.next()
                let again = LoggedMember("a", log)
                tasks.addTask { try await again.run(configuration("one"), topics: [topic]) }
                try await log.until { view in
                    view.events.dropFirst(before.events.count).contains { $0.member == "a" && $0.callback == .assigned }
                }
                let after = log.view
                #expect(after.holdings["a"] == before.holdings["a"])
                #expect(after.events.dropFirst(before.events.count).allSatisfy { $0.member == "a" })
                again.stop()
                other.stop()
                try await tasks.waitForAll()
            }
        }

        @Test(arguments: GroupSetting.all)
        func aPatternMatchesATopicCreatedLater(setting: GroupSetting) async throws {
            let cluster = try await setting.environment.cluster()
            let prefix = unique("pattern")
            let first = try await cluster.createTopic(prefix, partitions: 2)
            var configuration = self.configuration(cluster, group: unique("group"), setting.handover)
            configuration.cluster.metadataMaxAge = .milliseconds(300)
            let settings = configuration
            let log = GroupLog()
            let member = LoggedMember("a", log)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await member.run(settings, TopicPattern { $0.hasPrefix(prefix) }) }
                try await log.untilShared(["a": 2])
                let second = try await cluster.createTopic(prefix, partitions: 3)
                try await log.untilShared(["a": 5])
                #expect(Set(log.view.holdings["a", default: []].map(\.topic)) == [first, second])
                try await cluster.produce([ProducerRecord(topic: second, value: "x")])
                try await log.until { $0.readCount == 1 }
                member.stop()
                try await group.waitForAll()
            }
        }

        @Test(
            .enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"),
            arguments: GroupSetting.all)
        func newPartitionsAreAssigned(setting: GroupSetting) async throws {
            let cluster = try await setting.environment.cluster()
            let topic = try await cluster.createTopic("growing", partitions: 1)
            var configuration = self.configuration(cluster, group: unique("group"), setting.handover)
            configuration.cluster.metadataMaxAge = .milliseconds(300)
            let settings = configuration
            let log = GroupLog()
            let member = LoggedMember("a", log)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await member.run(settings, topics: [topic]) }
                try await log.untilShared(["a": 1])
                try await KafkaTool.run(
                    "org.apache.kafka.tools.TopicCommand",
                    ["--bootstrap-server", cluster.bootstrap, "--alter", "--topic", topic, "--partitions", "3"])
                try await log.untilShared(["a": 3])
                member.stop()
                try await group.waitForAll()
            }
        }
    }
}
