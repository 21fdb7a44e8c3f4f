// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaTestSupport
import Testing

/// What Kafka's tool says of a group of the consumer protocol with members of three clients, in words that are the same on all
/// clusters.
struct ToldGroup: Equatable {
    /// A line for each partition, of `--describe`.
    var offsets: [String] = []
    /// A line of `--describe --state --verbose`.
    var state: [String] = []
    /// A line for each member, of `--describe --members --verbose`.
    var members: [String] = []

    private static let clients = ["ours", "librdkafka", "java"]
    private static let partitions = 6

    static let isPossible = ForeignMember.all.contains(.java) && ForeignMember.all.contains(.librdkafka)

    /// Runs the group on a cluster, and the tool when each member has two partitions.
    static func told(on cluster: TestCluster) async throws -> ToldGroup {
        var told = ToldGroup()
        let topic = try await cluster.createTopic("told", partitions: Self.partitions)
        let group = unique("told")
        let log = GroupLog()
        var configuration = cluster.consumer(group: group)
        configuration.groupProtocol = .consumer()
        let ours = LoggedMember("ours", log)
        func run(_ client: ForeignMember, _ body: (ChildProcess) async throws -> Void) async throws {
            try await client.run(
                "\(client)", on: cluster, topic: topic, group: group, log: log, .consumer, body)
        }
        func produce() async throws {
            try await cluster.produce(
                (0..<30).map { ProducerRecord(topic: topic, partition: Int32($0 % Self.partitions), value: "\($0)") })
        }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { [configuration] in try await ours.run(configuration, topics: [topic]) }
            try await log.untilShared(["ours": 6])
            try await produce()
            try await log.until { $0.readCount == 30 }
            // What is revoked is committed first.
            try await run(.librdkafka) { librdkafka in
                try await log.untilShared(["ours": 3, "librdkafka": 3])
                try await run(.java) { java in
                    try await log.untilShared(["ours": 2, "librdkafka": 2, "java": 2])
                    try await produce()
                    try await log.until { $0.readCount == 60 }
                    // Only Java's member commits what it reads.
                    try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                        try await eventually("Java's member has committed") {
                            let offsets = try await admin.listGroupOffsets([group]).allSucceeded()[group] ?? [:]
                            return offsets.values.map(\.offset).sorted() == [5, 5, 5, 5, 10, 10]
                        }
                    }
                    told = try await self.told(of: group, topic, cluster)
                    await java.stop()
                }
                await librdkafka.stop()
            }
            ours.stop()
            try await tasks.waitForAll()
        }
        return told
    }

    private static func told(of group: String, _ topic: String, _ cluster: TestCluster) async throws -> ToldGroup {
        var told = ToldGroup()
        func lines(_ options: [String]) async throws -> [[String]] {
            let lines = try await KafkaTool.run(
                "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
                ["--bootstrap-server", cluster.bootstrap, "--group", group, "--describe"] + options)
            return lines.map { line in
                line.replacing(cluster.bootstrap, with: "BROKER").replacing(group, with: "GROUP")
                    .replacing(topic, with: "TOPIC").split(separator: " ").map { String($0) }
            }.filter { $0.count > 3 }
        }
        // GROUP COORDINATOR (ID) ASSIGNMENT-STRATEGY STATE GROUP-EPOCH TARGET-ASSIGNMENT-EPOCH #MEMBERS
        let state = try await lines(["--state", "--verbose"])
        // Real brokers may need one epoch more for the same: they assign partitions at intervals.
        let epoch = state.last.map { $0.count > 5 ? $0[5] : "" } ?? ""
        func withoutEpoch(_ words: [String], at columns: [Int]) -> [String] {
            words.enumerated().map { columns.contains($0.offset) && $0.element == epoch ? "EPOCH" : $0.element }
        }
        told.state = state.map { withoutEpoch($0, at: [5, 6]).joined(separator: " ") }
        // GROUP CONSUMER-ID HOST CLIENT-ID #PARTITIONS CURRENT-EPOCH CURRENT-ASSIGNMENT TARGET-EPOCH TARGET-ASSIGNMENT
        let members = try await lines(["--members", "--verbose"])
        let names = Dictionary(
            members.map { words in (words[1], Self.clients.first { words[3].contains(Self.clientID(of: $0)) } ?? "?") }
        ) { first, _ in first }
        var given: [String] = []
        told.members = members.map { words in
            // Which partitions a member has isn't the same everywhere.
            let assignments = words.filter { $0.hasPrefix("TOPIC:") }.map { $0.dropFirst("TOPIC:".count) }
            if assignments.count == 2 {
                #expect(assignments[0] == assignments[1])
                given += assignments[0].split(separator: ",").map { String($0) }
            }
            return withoutEpoch(words, at: [5, 7]).map { names[$0] ?? ($0.hasPrefix("TOPIC:") ? "TOPIC" : $0) }.joined(
                separator: " ")
        }.sorted()
        #expect(given.sorted() == (0..<Self.partitions).map { "\($0)" }, "\(members)")
        // GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID
        told.offsets = try await lines([]).map { words in
            words.enumerated().filter { $0.offset != 2 }.map { names[$0.element] ?? $0.element }.joined(separator: " ")
        }.sorted()
        return told
    }

    private static func clientID(of client: String) -> String {
        switch client {
        case "java": "consumer-"
        case "librdkafka": "rdkafka"
        default: client
        }
    }
}
