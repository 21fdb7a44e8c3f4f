// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `async-kafka topics`
enum Topics {
    static let command = Command(
        "topics", aliases: ["topic"], "lists, describes, creates, changes and deletes topics",
        subcommands: [
            Self.list, Self.describe, Self.create, Self.delete, Self.addPartitions, Self.deleteRecords, Self.names,
        ])

    /// A topic's name, which shells complete.
    static let kind = ValueKind<String>.text("TOPIC", completion: .lines(of: ["topics", "names"]))

    private static let some = Operands("TOPIC", Self.kind, count: 1...Int.max, "The names of the topics.")
    private static let any = Operands("TOPIC", Self.kind, count: 0...Int.max, "The names of the topics. Default: all.")
    private static let one = Operand("TOPIC", Self.kind, "The topic's name.")
    private static let new = Operands("TOPIC", .text("TOPIC"), count: 1...Int.max, "The names of the new topics.")
    private static let includeInternal = Flag("--internal", "Includes the topics that Kafka uses for itself.")
    private static let partitions = Option(
        "--partitions", short: "p", .number(in: 1...1_000_000), "The number of partitions. Default: the brokers'.")
    private static let replication = Option(
        "--replication-factor", short: "r", .number(in: 1...32767), "The number of replicas. Default: the brokers'.")
    private static let config = Option(
        "--config", short: "c", .pair(), isRepeatable: true, "A setting, such as retention.ms=86400000.")
    private static let ifMissing = Flag("--if-not-exists", "Leaves topics that exist as they are.")
    private static let ifExists = Flag("--if-exists", "Passes over topics that don't exist.")

    // MARK: Reading

    private static let list = Command(
        "list", aliases: ["ls"], "lists topics", takes: [Self.includeInternal],
        examples: [Command.Example("async-kafka topics list -o json", "For a script")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let names = try await admin.listTopics(includeInternal: arguments[Self.includeInternal]).map(\.name)
            let topics = try await admin.describeTopics(names).sorted { $0.key < $1.key }.compactMap { _, result in
                try Self.unlessDeleted(result)
            }
            try session.output.list(
                topics,
                [
                    Column("topic") { .text($0.name) }, Column("partitions") { JSONValue($0.partitions.count) },
                    Column("replicas") { JSONValue($0.replicationFactor) },
                    Column("underReplicated") { JSONValue($0.partitions.count { $0.isUnderReplicated }) },
                    Column("id") { JSONValue($0.id?.description) },
                ])
        }
    }

    /// A topic that is deleted between two requests isn't there anymore.
    private static func unlessDeleted(_ result: Result<TopicDescription, KafkaError>) throws -> TopicDescription? {
        do {
            return try result.get()
        } catch let error where error.code == .unknownTopicOrPartition {
            return nil
        }
    }

    private static let names = Command(
        "names", "prints the names of the topics, one a line", takes: [Self.includeInternal],
        examples: [Command.Example("for topic in $(async-kafka topics names); do echo \"$topic\"; done", "In a script")]
    ) { arguments in
        try await Session.withAdmin(arguments) { _, admin in
            for topic in try await admin.listTopics(includeInternal: arguments[Self.includeInternal]) {
                try StandardStream.output.writeLine(topic.name)
            }
        }
    }

    private static let describe = Command(
        "describe", aliases: ["show", "desc"], "describes topics with their partitions", takes: [Self.any],
        examples: [Command.Example("async-kafka topics describe orders", "Leaders and replicas")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            var names = arguments[Self.any]
            if names.isEmpty { names = try await admin.listTopics().map(\.name) }
            let results = await admin.describeTopics(names)
            let topics = results.values.compactMap { try? $0.get() }.sorted { $0.name < $1.name }
            try Self.write(topics, session.output)
            try session.output.failures(of: results)
        }
    }

    private static let partitionColumns: [Column<PartitionDescription>] = [
        Column("partition") { JSONValue($0.partition) }, Column("leader") { JSONValue($0.leader) },
        Column("leaderEpoch") { JSONValue($0.leaderEpoch) }, Column("replicas") { JSONValue($0.replicas) },
        Column("inSyncReplicas") { JSONValue($0.inSyncReplicas) },
        Column("offlineReplicas") { JSONValue($0.offlineReplicas) },
        Column("eligibleLeaderReplicas") { $0.eligibleLeaderReplicas.map { JSONValue($0) } ?? .null },
        Column("lastKnownEligibleLeaderReplicas") { $0.lastKnownEligibleLeaderReplicas.map { JSONValue($0) } ?? .null },
    ]

    private static func write(_ topics: [TopicDescription], _ output: Output) throws {
        switch output.format {
        case .table:
            for (index, topic) in topics.enumerated() {
                if index > 0 { try output.heading("") }
                try output.heading(topic.description.split(separator: "\n").first.map(String.init) ?? topic.name)
                try output.list(topic.partitions, Array(Self.partitionColumns.prefix(5)))
            }
        case .json:
            try output.write(
                .array(
                    topics.map { topic in
                        .object([
                            "topic": .text(topic.name), "id": JSONValue(topic.id?.description),
                            "internal": JSONValue(topic.isInternal),
                            "partitions": .array(topic.partitions.map { JSONValue($0, Self.partitionColumns) }),
                        ])
                    }))
        case .csv:
            let rows = topics.flatMap { topic in topic.partitions.map { (topic: topic.name, partition: $0) } }
            let columns = Self.partitionColumns.map { column in
                Column<(topic: String, partition: PartitionDescription)>(column.name) { column.value($0.partition) }
            }
            try output.list(rows, [Column("topic") { .text($0.topic) }] + columns)
        }
    }

    // MARK: Changing

    private static let create = Command(
        "create", aliases: ["new", "add"], "creates topics",
        takes: [Self.new, Self.partitions, Self.replication, Self.config, Self.ifMissing, Session.dryRun],
        examples: [
            Command.Example("async-kafka topics create orders -p 12 -r 3 -c retention.ms=86400000", "Kept for a day")
        ]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let configs = Dictionary(arguments[all: Self.config].map { ($0.name, $0.value) }) { $1 }
            let topics = arguments[Self.new].map { name in
                NewTopic(
                    name, partitionCount: arguments[Self.partitions], replicationFactor: arguments[Self.replication],
                    configs: configs)
            }
            let isDry = arguments[Session.dryRun]
            let results = await admin.createTopics(
                topics, ifExists: arguments[Self.ifMissing] ? .ignore : .fail, validateOnly: isDry)
            try session.output.results(of: results, "topic") { _, topic in
                !topic.isNew ? "exists" : isDry ? "could be created" : "created"
            }
        }
    }

    private static let delete = Command(
        "delete", aliases: ["rm", "remove"], "deletes topics with all of their records",
        takes: [Self.some, Self.ifExists, Session.yes],
        examples: [Command.Example("async-kafka topics delete orders-old --yes --if-exists", "In a script")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let names = arguments[Self.some]
            try session.confirm("Delete \(names.joined(separator: ", ")) with all records?")
            let results = await admin.deleteTopics(names, ifMissing: arguments[Self.ifExists] ? .ignore : .fail)
            try session.output.results(of: results, "topic") { _, _ in "deleted" }
        }
    }

    private static let total = Operand("TOTAL", .number("TOTAL", in: 1...1_000_000), "The new number of partitions.")

    private static let addPartitions = Command(
        "add-partitions", "raises a topic's number of partitions",
        details: "Keys go to other partitions afterwards. Partitions can't be removed.",
        takes: [Self.one, Self.total, Session.dryRun],
        examples: [Command.Example("async-kafka topics add-partitions orders 12 --dry-run", "Whether it could be done")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let (topic, total) = (arguments[Self.one], arguments[Self.total])
            let isDry = arguments[Session.dryRun]
            let results = await admin.createPartitions(
                [topic: NewPartitions(totalCount: total)], validateOnly: isDry)
            try session.output.results(of: results, "topic") { _, _ in
                isDry ? "could have \(total) partitions" : "has \(total) partitions"
            }
        }
    }

    private static let before = Option(
        "--before", .number("OFFSET", in: 0...Int64.max), "Deletes only records before this offset. Needs --partition.")
    private static let partition = Option(
        "--partition", .number(in: 0...Int32.max), isRepeatable: true, "The partition. Default: all.")

    private static let deleteRecords = Command(
        "delete-records", aliases: ["truncate"], "deletes the records of a topic, or its oldest ones",
        takes: [Self.one, Self.partition, Self.before, Session.yes],
        examples: [
            Command.Example("async-kafka topics delete-records orders --partition 0 --before 1000", "The oldest")
        ]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let topic = arguments[Self.one]
            var numbers = arguments[all: Self.partition]
            let before = arguments[Self.before]
            guard before == nil || !numbers.isEmpty else { throw UsageError("--before needs --partition") }
            if numbers.isEmpty {
                let topics = try await admin.describeTopics([topic]).allSucceeded()
                numbers = topics[topic]?.partitions.map(\.partition) ?? []
            }
            let records = before.map { "the records before offset \($0)" } ?? "all records"
            try session.confirm("Delete \(records) of \(numbers.count) partition(s) of \(topic)?")
            let requests = numbers.map {
                (TopicPartition(topic, $0), before.map { .before($0) } ?? .all as RecordsToDelete)
            }
            let results = await admin.deleteRecords(Dictionary(requests) { $1 })
            try session.output.results(of: results, "partition") { _, start in "begins at offset \(start)" }
        }
    }
}

extension PartitionDescription {
    fileprivate var isUnderReplicated: Bool { self.inSyncReplicas.count < self.replicas.count }
}
