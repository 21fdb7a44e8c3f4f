// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `async-kafka configs`
enum Configs {
    static let command = Command(
        "configs", aliases: ["config", "settings"], "describes and changes settings of topics, brokers and others",
        details: """
            A resource is written as topic:NAME, broker:ID, brokers (the defaults of all), logger:ID, group:ID or \
            metrics:NAME. A name alone is a topic's.
            """,
        subcommands: [Self.describe, Self.alter])

    private static let resource = Operand("RESOURCE", .resource, "topic:NAME, broker:ID, brokers, group:ID ...")
    private static let resources = Operands(
        "RESOURCE", .resource, count: 1...Int.max, "topic:NAME, broker:ID, brokers ...")
    private static let all = Flag("--all", short: "a", "Includes settings that have Kafka's default.")
    private static let documentation = Flag("--documentation", "Includes Kafka's descriptions of the settings.")

    private struct Row {
        var resource: ConfigResource
        var entry: ConfigEntry
    }

    private static let describe = Command(
        "describe", aliases: ["list", "show", "get", "ls"], "describes settings and where their values come from",
        takes: [Self.resources, Self.all, Self.documentation],
        examples: [
            Command.Example("async-kafka configs describe orders", "What a topic has of its own"),
            Command.Example("async-kafka configs describe broker:1 --all -o json", "All that a broker has"),
        ]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let results = await admin.describeConfigs(
                arguments[Self.resources], includeSynonyms: true,
                includeDocumentation: arguments[Self.documentation])
            let rows = arguments[Self.resources].flatMap { resource -> [Row] in
                guard let config = try? results[resource]?.get() else { return [] }
                return config.entries.filter { arguments[Self.all] || !$0.isDefault }
                    .map { Row(resource: resource, entry: $0) }
            }
            try session.output.list(rows, Self.columns(arguments, session.output.format))
            try session.output.failures(of: results)
        }
    }

    private static func columns(_ arguments: Arguments, _ format: Output.Format) -> [Column<Row>] {
        var columns = [
            Column<Row>("resource") { .text($0.resource.written) }, Column("name") { .text($0.entry.name) },
            Column("value") { row in
                row.entry.isSensitive && format == .table ? "(hidden)" : JSONValue(row.entry.value)
            },
            Column("source") { .text($0.entry.source.description) },
            Column("readOnly") { JSONValue($0.entry.isReadOnly) },
        ]
        if format != .table {
            columns.append(Column("sensitive") { JSONValue($0.entry.isSensitive) })
            columns.append(Column("type") { JSONValue($0.entry.type?.description) })
            columns.append(
                Column("synonyms") { row in
                    .array(
                        row.entry.synonyms.map { synonym in
                            .object([
                                "name": .text(synonym.name), "value": JSONValue(synonym.value),
                                "source": .text(synonym.source.description),
                            ])
                        })
                })
        }
        if arguments[Self.documentation] {
            columns.append(Column("documentation") { JSONValue($0.entry.documentation) })
        }
        return columns
    }

    private static let set = Option("--set-config", short: "s", .pair(), isRepeatable: true, "Sets a setting.")
    private static let unset = Option(
        "--delete", short: "d", .text("NAME"), isRepeatable: true, "Goes back to the value from elsewhere.")
    private static let append = Option(
        "--append", .pair(), isRepeatable: true, "Adds to a list, such as cleanup.policy.")
    private static let subtract = Option("--subtract", .pair(), isRepeatable: true, "Removes from a list.")

    private static let alter = Command(
        "alter", aliases: ["set", "change"], "changes settings, and leaves all others as they are",
        takes: [Self.resource, Self.set, Self.unset, Self.append, Self.subtract, Session.dryRun],
        examples: [
            Command.Example("async-kafka configs alter orders -s retention.ms=3600000 -d segment.bytes", "Two changes")
        ]
    ) { arguments in
        let changes =
            arguments[all: Self.set].map { ConfigChange.set($0.name, to: $0.value) }
            + arguments[all: Self.unset].map { .delete($0) }
            + arguments[all: Self.append].map { .append($0.name, $0.value) }
            + arguments[all: Self.subtract].map { .subtract($0.name, $0.value) }
        guard !changes.isEmpty else {
            throw UsageError("Name a change: --set-config, --delete, --append or --subtract")
        }
        try await Session.withAdmin(arguments) { session, admin in
            let isDry = arguments[Session.dryRun]
            let results = await admin.incrementalAlterConfigs(
                [arguments[Self.resource]: changes], validateOnly: isDry)
            try session.output.results(of: results, "resource") { _, _ in isDry ? "could be changed" : "changed" }
        }
    }
}

extension ConfigResource {
    private static let prefixes: [(String, Kind)] = [
        ("topic", .topic), ("broker", .broker), ("logger", .brokerLogger), ("group", .group),
        ("metrics", .clientMetrics),
    ]

    /// The resource as it is written on the command line.
    var written: String {
        if self == .allBrokers { return "brokers" }
        let prefix = Self.prefixes.first { $0.1 == self.kind }?.0 ?? "\(self.kind)"
        return "\(prefix):\(self.name)"
    }

    init?(written text: String) {
        if text == "brokers" {
            self = .allBrokers
            return
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            self = .topic(text)
            return
        }
        guard let kind = Self.prefixes.first(where: { $0.0 == parts[0] })?.1, !parts[1].isEmpty else { return nil }
        if kind == .broker || kind == .brokerLogger, Int32(parts[1]) == nil { return nil }
        self.init(kind, parts[1])
    }
}

extension ValueKind where Value == ConfigResource {
    fileprivate static var resource: ValueKind {
        ValueKind("RESOURCE", completion: Topics.kind.completion) { text throws(UsageError) in
            guard !text.isEmpty, let resource = ConfigResource(written: text) else {
                throw UsageError(
                    "it must be written as topic:NAME, broker:ID, brokers, logger:ID, group:ID or metrics:NAME")
            }
            return resource
        }
    }
}
