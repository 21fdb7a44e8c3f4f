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
    /// The calls about groups, compared with Kafka's own tool.
    @Suite(.timeLimit(.minutes(5)), .enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"))
    struct AdminGroups {
        private static let tool = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
        private static let shareTool = "org.apache.kafka.tools.consumer.group.ShareGroupCommand"

        /// The words of each line of the tool's tables that begins with one of these groups.
        private func tool(
            _ arguments: [String], of groups: [String], tool: String = Self.tool, _ cluster: TestCluster
        ) async throws -> [[String]] {
            let lines = try await KafkaTool.run(tool, ["--bootstrap-server", cluster.bootstrap] + arguments)
            return lines.map { $0.split(separator: " ").map(String.init) }
                .filter { words in words.first.map(groups.contains) ?? false }.sorted { $0[0] < $1[0] }
        }

        private func text(_ value: (some CustomStringConvertible)?) -> String { value.map { "\($0)" } ?? "-" }

        /// The tool's way to write partitions: `t:0,1,2`.
        private func text(_ partitions: [TopicPartition]?) -> String {
            guard let partitions, let first = partitions.first else { return "-" }
            return "\(first.topic):\(partitions.map { "\($0.partition)" }.joined(separator: ","))"
        }

        /// Compares the state and the members of groups with what the tool says.
        private func expectSame(_ groups: [GroupDescription], _ cluster: TestCluster) async throws {
            let ids = groups.map(\.id)
            let names = ids.flatMap { ["--group", $0] }
            let states = try await self.tool(["--describe", "--state", "--verbose"] + names, of: ids, cluster)
            let ours = groups.map { group in
                [
                    group.id, "\(group.coordinator.host):\(group.coordinator.port)",
                    "(\(self.text(group.coordinator.id)))",
                ]
                    + [
                        self.text(group.assignor), "\(group.state)", self.text(group.epoch),
                        self.text(group.assignmentEpoch),
                        "\(group.members.count)",
                    ]
            }
            #expect(states == ours)
            let told = try await self.tool(["--describe", "--members", "--verbose"] + names, of: ids, cluster)
            let members = groups.flatMap { group in
                group.members.map { member in
                    [group.id, member.id] + (member.instanceID.map { [$0] } ?? [])
                        + [
                            member.host, member.clientID, "\(member.assignment.count)", self.text(member.epoch),
                            self.text(member.assignment),
                            self.text(member.targetAssignment.map { _ in group.assignmentEpoch } ?? nil),
                            self.text(member.targetAssignment),
                        ]
                }
            }
            #expect(told == members)
        }

        @Test(arguments: TestEnvironment.all)
        func groupsAreListedDescribedAndDeletedAsKafkasToolSeesThem(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("read", partitions: 3)
            let (empty, live) = (unique("empty"), unique("live"))
            try await cluster.produce((0..<10).map { ProducerRecord(topic: topic, value: "\($0)") })
            var configuration = cluster.consumer(group: live)
            configuration.cluster.clientID = "reader"
            // 2.1 has no static members.
            if environment.isAtLeast(2, 4) { configuration.groupInstanceID = "till-7" }
            try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                try await admin.alterGroupOffsets([TopicPartition(topic, 0): OffsetAndMetadata(offset: 1)], of: empty)
                    .allSucceeded()
                try await KafkaConsumer.withConsumer(configuration, subscribedTo: [topic]) { consumer in
                    _ = try await consumer.read(10)
                    try await consumer.commit()
                    let listed = try await admin.listGroups().filter { [empty, live].contains($0.id) }
                    let columns: [(isKnown: Bool, option: String)] = [
                        (environment.isAtLeast(3, 8), "--type"), (environment.isAtLeast(2, 6), "--state"),
                    ]
                    let told = try await self.tool(
                        ["--list"] + columns.filter(\.isKnown).map(\.option), of: [empty, live], cluster)
                    #expect(
                        listed.map { [$0.id] + [$0.type?.rawValue, $0.state?.rawValue].compactMap { $0 } } == told)
                    #expect(listed.map(\.protocolType) == ["", "consumer"])
                    let stable = try await admin.listGroups(
                        states: [.stable], types: [.classic], protocolTypes: ["consumer"])
                    #expect(stable.contains { $0.id == live } && !stable.contains { $0.id == empty })

                    let groups = try await admin.describeGroups([empty, live], includeAuthorizedOperations: true)
                        .allSucceeded()
                    let described = try [#require(groups[empty]), #require(groups[live])]
                    try await self.expectSame(described, cluster)
                    #expect(described[1].type == .classic && described[1].members.first?.subscribedTopics == [topic])
                    #expect(described[1].members.first?.instanceID == configuration.groupInstanceID)
                    if case .real = environment, environment.isAtLeast(2, 3) {
                        #expect(described[1].authorizedOperations?.isSuperset(of: [.read, .describe, .delete]) == true)
                    }

                    // GROUP TOPIC PARTITION LEADER-EPOCH CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID …
                    let offsets = try await self.tool(
                        ["--describe", "--offsets", "--verbose", "--group", live, "--group", empty], of: [empty, live],
                        cluster)
                    let lags = try await admin.describeGroupLag([empty, live]).allSucceeded()
                    let ours = [empty, live].compactMap { lags[$0] }.flatMap { lag in
                        lag.partitions.map { partition in
                            [
                                lag.group, topic, "\(partition.partition.partition)",
                                self.text(partition.committed?.leaderEpoch), self.text(partition.committed?.offset),
                                self.text(partition.logEnd), self.text(partition.lag), self.text(partition.memberID),
                            ]
                        }
                    }
                    #expect(offsets.map { Array($0.prefix(8)) } == ours)

                    let results = await admin.deleteGroups([empty, live, "missing"])
                    #expect(throws: Never.self) { try results[empty]?.get() }
                    let busy = #expect(throws: KafkaError.self) { try results[live]?.get() }
                    #expect(busy?.brokerCode == .nonEmptyGroup)
                    let missing = #expect(throws: KafkaError.self) { try results["missing"]?.get() }
                    #expect(missing?.brokerCode == .groupIdNotFound)
                }
                if environment.isAtLeast(2, 4) {
                    #expect(
                        try await admin.removeAllMembers(from: live, reason: "a test").map(\.instanceID) == ["till-7"])
                }
                try await admin.deleteGroups([live]).allSucceeded()
                let rest = try await admin.listGroups().map(\.id)
                #expect(!rest.contains(live) && !rest.contains(empty))
                let gone = await admin.describeGroups([live])
                let error = #expect(throws: KafkaError.self) { try gone[live]?.get() }
                #expect(error?.brokerCode == .groupIdNotFound)
            }
        }

        /// Only real Kafka has share groups.
        @Test(arguments: TestEnvironment.real)
        func consumerAndShareGroupsAreDescribedWithTheirEpochs(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("read", partitions: 3)
            let (modern, shared) = (unique("modern"), unique("shared"))
            try await cluster.produce((0..<10).map { ProducerRecord(topic: topic, value: "\($0)") })
            try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                guard environment.isAtLeast(4, 2) else {
                    let results = await admin.describeGroups([modern], type: .share)
                    let error = #expect(throws: KafkaError.self) { try results[modern]?.get() }
                    #expect(error?.code == .unsupportedVersion && error?.message.contains("Kafka 4.2") == true)
                    let offsets = await admin.listShareGroupOffsets([shared])
                    let absent = #expect(throws: KafkaError.self) { try offsets[shared]?.get() }
                    #expect(absent?.code == .unsupportedVersion && absent?.message.contains("Kafka 4.2") == true)
                    return
                }
                let common = ["--bootstrap-server", cluster.bootstrap, "--topic", topic, "--group-id"]
                let partitions = (0..<3).map { TopicPartition(topic, $0) }
                try await KafkaTool.with(
                    "org.apache.kafka.tools.VerifiableConsumer", common + [modern, "--group-protocol", "consumer"]
                ) { _ in
                    try await KafkaTool.with("org.apache.kafka.tools.VerifiableShareConsumer", common + [shared]) { _ in
                        var groups: [String: GroupDescription] = [:]
                        try await eventually("both members have their partitions") {
                            let results = await admin.describeGroups([modern, shared])
                            guard let all = try? results.allSucceeded() else { return false }
                            groups = all
                            return all.values.allSatisfy {
                                $0.state == .stable && $0.members.first?.assignment == partitions
                            }
                        }
                        let group = try #require(groups[modern])
                        #expect(group.type == .consumer && group.members.first?.isClassic == false)
                        #expect(group.members.first?.targetAssignment == partitions)
                        #expect(group.members.first?.subscribedTopics == [topic])
                        try await self.expectSame([group], cluster)
                        let member = GroupMemberIdentity.member(try #require(group.members.first?.id))
                        let removed = await admin.removeMembers([member, .member("nobody")], from: modern)
                        #expect(throws: Never.self) { try removed[member]?.get() }
                        let nobody = #expect(throws: KafkaError.self) { try removed[.member("nobody")]?.get() }
                        #expect(nobody?.brokerCode == .unknownMemberId)
                        let now = try await admin.describeGroups([modern], type: .consumer).allSucceeded()[modern]
                        #expect((now?.epoch ?? 0) > (group.epoch ?? 0))
                        let listed = try await admin.listGroups(types: [.consumer, .share]).filter {
                            [modern, shared].contains($0.id)
                        }
                        #expect(listed.map(\.type) == [.consumer, .share])

                        let share = try #require(groups[shared])
                        #expect(share.type == .share)
                        let told = try await self.tool(
                            ["--describe", "--state", "--verbose", "--group", shared], of: [shared],
                            tool: Self.shareTool, cluster)
                        #expect(
                            told == [
                                [
                                    shared, "\(share.coordinator.host):\(share.coordinator.port)",
                                    "(\(self.text(share.coordinator.id)))",
                                    "\(share.state)", self.text(share.epoch), self.text(share.assignmentEpoch), "1",
                                ]
                            ])
                        let members = try await self.tool(
                            ["--describe", "--members", "--verbose", "--group", shared], of: [shared],
                            tool: Self.shareTool, cluster)
                        let sharing = try #require(share.members.first)
                        #expect(
                            members == [
                                [
                                    shared, sharing.id, sharing.host, sharing.clientID, "3", self.text(sharing.epoch),
                                    self.text(sharing.assignment),
                                ]
                            ])
                    }
                }
                // A share group's offsets can be set while it has no members.
                try await eventually("the share group is empty") {
                    let results = await admin.describeGroups([shared], type: .share)
                    return try results.allSucceeded()[shared]?.members.isEmpty == true
                }
                try await admin.alterShareGroupOffsets([partitions[0]: 4, partitions[1]: 0], of: shared).allSucceeded()
                let offsets = try #require(try await admin.listShareGroupOffsets([shared]).allSucceeded()[shared])
                #expect(offsets[partitions[0]]?.startOffset == 4 && offsets[partitions[1]]?.startOffset == 0)
                let told = try await self.tool(
                    ["--describe", "--offsets", "--verbose", "--group", shared], of: [shared], tool: Self.shareTool,
                    cluster)
                // GROUP TOPIC PARTITION LEADER-EPOCH START-OFFSET LAG
                let ours = partitions.map { partition in
                    [
                        shared, topic, "\(partition.partition)", self.text(offsets[partition]?.leaderEpoch),
                        self.text(offsets[partition]?.startOffset), self.text(offsets[partition]?.lag),
                    ]
                }
                #expect(told.sorted { $0[2] < $1[2] } == ours)
                let missing = TopicPartition("missing", 0)
                let refused = await admin.alterShareGroupOffsets([missing: 0, partitions[0]: -1], of: shared)
                let unknown = #expect(throws: KafkaError.self) { try refused[missing]?.get() }
                #expect(unknown?.code == .unknownTopicOrPartition)
                let negative = #expect(throws: KafkaError.self) { try refused[partitions[0]]?.get() }
                #expect(negative?.code == .invalidArgument)
                try await admin.deleteShareGroupOffsets(topics: [topic], of: shared).allSucceeded()
                #expect(try await admin.listShareGroupOffsets([shared]).allSucceeded()[shared]?.isEmpty == true)
                try await admin.deleteGroups([modern, shared]).allSucceeded()
            }
        }
    }
}
