// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `async-kafka reassign`
enum Reassign {
    static let command = Command(
        "reassign", aliases: ["reassignments"], "moves replicas to other brokers",
        subcommands: [Self.list, Self.plan, Self.move, Self.cancel])

    private struct Row {
        var partition: TopicPartition
        var reassignment: PartitionReassignment
    }

    private static let list = Command(
        "list", aliases: ["ls", "status"], "lists the moves that go on",
        examples: [Command.Example("async-kafka reassign list", "What goes on")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let rows = try await admin.listPartitionReassignments().sorted { $0.key < $1.key }
                .map { Row(partition: $0.key, reassignment: $0.value) }
            try session.output.list(
                rows,
                [
                    Column("topic") { .text($0.partition.topic) },
                    Column("partition") { JSONValue($0.partition.partition) },
                    Column("replicas") { JSONValue($0.reassignment.replicas) },
                    Column("adding") { JSONValue($0.reassignment.addingReplicas) },
                    Column("removing") { JSONValue($0.reassignment.removingReplicas) },
                ])
        }
    }

    private static let topics = Operands("TOPIC", Topics.kind, count: 0...Int.max, "The topics. Default: all.")
    private static let broker = Option(
        "--broker", .number(in: 0...Int32.max), isRepeatable: true, "A broker to spread over. Default: all.")
    private static let factor = Option(
        "--replication-factor", .number(in: 1...32767), "The new number of replicas. Default: as it is.")
    private static let ignoreRacks = Flag("--ignore-racks", "Spreads without regard to racks.")

    private static let plan = Command(
        "spread", aliases: ["plan", "balance"], "spreads partitions evenly over brokers and racks, with few moves",
        details: "Shows the plan, and asks before it is carried out.",
        takes: [Self.topics, Self.broker, Self.factor, Self.ignoreRacks, Session.dryRun, Session.yes],
        examples: [
            Command.Example("async-kafka reassign spread --broker 1 --broker 2 --dry-run", "How to empty other brokers")
        ]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            var names = arguments[Self.topics]
            if names.isEmpty { names = try await admin.listTopics().map(\.name) }
            let topics = try await admin.describeTopics(names).allSucceeded().values
            let wanted = Set(arguments[all: Self.broker])
            let brokers = try await admin.describeCluster().brokers
            if let missing = wanted.first(where: { id in !brokers.contains { $0.id == id } }) {
                throw Failure("There is no broker \(missing).")
            }
            let plan = try ReassignmentPlan(
                spreading: Array(topics),
                over: wanted.isEmpty ? brokers : brokers.filter { $0.id.map(wanted.contains) ?? false },
                replicationFactor: arguments[Self.factor], ignoringRacks: arguments[Self.ignoreRacks])
            try session.output.list(
                plan.changes,
                [
                    Column("topic") { .text($0.partition.topic) },
                    Column("partition") { JSONValue($0.partition.partition) }, Column("from") { JSONValue($0.from) },
                    Column("to") { JSONValue($0.to) },
                ])
            guard !arguments[Session.dryRun], !plan.changes.isEmpty else { return }
            try session.confirm("Move the replicas of \(plan.changes.count) partition(s)?")
            let results = await admin.alterPartitionReassignments(plan.reassignments)
            try session.output.failures(of: results)
            StandardStream.complain("\(plan.changes.count) partition(s) are being moved; see async-kafka reassign list")
        }
    }

    private static let partition = Operand("PARTITION", .partitions, "TOPIC:N, or TOPIC for all partitions.")
    private static let to = RequiredOption("--to", .brokers, "The brokers, the preferred leader first.")

    private static let move = Command(
        "move", aliases: ["set"], "moves partitions to these brokers", takes: [Self.partition, Self.to],
        examples: [Command.Example("async-kafka reassign move orders:0 --to 1,2,3", "The replicas of one partition")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let moves = try await [arguments[Self.partition]].partitions(admin).map { partition in
                (partition, NewPartitionReassignment.replicas(arguments[Self.to].ids))
            }
            let results = await admin.alterPartitionReassignments(Dictionary(moves) { $1 })
            try session.output.results(of: results, "partition") { _, _ in "is being moved" }
        }
    }

    private static let cancel = Command(
        "cancel", "cancels moves, so that the replicas stay where they were", takes: [Self.topics, Session.yes],
        examples: [Command.Example("async-kafka reassign cancel orders --yes", "Those of one topic")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let wanted = Set(arguments[Self.topics])
            let moving = try await admin.listPartitionReassignments().keys.filter {
                wanted.isEmpty || wanted.contains($0.topic)
            }
            guard !moving.isEmpty else { throw Failure("Nothing is being moved.") }
            try session.confirm("Cancel the moves of \(moving.count) partition(s)?")
            let results = await admin.alterPartitionReassignments(Dictionary(moving.map { ($0, .cancel) }) { $1 })
            try session.output.results(of: results, "partition") { _, _ in "stays" }
        }
    }
}

/// A list of brokers: `1,2,3`.
struct WrittenBrokers: Hashable, Sendable {
    var ids: [Int32]
}

extension ValueKind where Value == WrittenBrokers {
    fileprivate static var brokers: ValueKind {
        ValueKind("ID,...") { text throws(UsageError) in
            let words = text.split(separator: ",", omittingEmptySubsequences: false)
            let ids = words.compactMap { Int32($0) }
            guard ids.count == words.count, Set(ids).count == ids.count else {
                throw UsageError("it must be the ids of brokers, such as 1,2,3")
            }
            return WrittenBrokers(ids: ids)
        }
    }
}
