// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `async-kafka groups`
enum Groups {
    static let command = Command(
        "groups", aliases: ["group"], "lists, describes and changes groups and their offsets",
        subcommands: [
            Self.list, Self.describe, Self.offsets, Self.resetOffsets, Self.deleteOffsets, Self.removeMembers,
            Self.delete,
            Self.names,
        ])

    /// A group's id, which shells complete.
    static let kind = ValueKind<String>.text("GROUP", completion: .lines(of: ["groups", "names"]))

    private static let one = Operand("GROUP", Self.kind, "The group's id.")
    private static let some = Operands("GROUP", Self.kind, count: 1...Int.max, "The ids of the groups.")
    private static let any = Operands("GROUP", Self.kind, count: 0...Int.max, "The ids of the groups. Default: all.")
    private static let state = Option(
        "--state", .text("STATE"), isRepeatable: true, "Lists only groups in this state, such as Stable or Empty.")
    private static let type = Option(
        "--type", .text("TYPE"), isRepeatable: true,
        "Lists only groups of this type: Classic, Consumer, Share, Streams.")

    // MARK: Reading

    private static let list = Command(
        "list", aliases: ["ls"], "lists groups", takes: [Self.state, Self.type],
        examples: [Command.Example("async-kafka groups list --state Empty", "Groups that nobody is in")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let states = Set(arguments[all: Self.state].map { GroupState(rawValue: $0.asKafkaWritesIt) })
            let types = Set(arguments[all: Self.type].map { GroupType(rawValue: $0.asKafkaWritesIt) })
            let groups = try await admin.listGroups(
                states: states.isEmpty ? nil : states, types: types.isEmpty ? nil : types)
            try session.output.list(
                groups,
                [
                    Column("group") { .text($0.id) }, Column("type") { JSONValue($0.type?.rawValue) },
                    Column("protocol") { .text($0.protocolType) }, Column("state") { JSONValue($0.state?.rawValue) },
                ])
        }
    }

    private static let names = Command(
        "names", "prints the ids of the groups, one a line",
        examples: [Command.Example("async-kafka groups names | grep billing", "In a script")]
    ) { arguments in
        try await Session.withAdmin(arguments) { _, admin in
            for group in try await admin.listGroups() { try StandardStream.output.writeLine(group.id) }
        }
    }

    private static let describe = Command(
        "describe", aliases: ["show", "desc", "members"], "describes groups with their members", takes: [Self.any],
        examples: [Command.Example("async-kafka groups describe billing", "Who reads what")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            var ids = arguments[Self.any]
            if ids.isEmpty { ids = try await admin.listGroups().map(\.id) }
            let results = await admin.describeGroups(ids)
            let groups = results.values.compactMap { try? $0.get() }.sorted { $0.id < $1.id }
            try Self.write(groups, session.output)
            try session.output.failures(of: results)
        }
    }

    private static let memberColumns: [Column<GroupMember>] = [
        Column("member") { .text($0.id) }, Column("instance") { JSONValue($0.instanceID) },
        Column("client") { .text($0.clientID) }, Column("host") { .text($0.host) },
        Column("epoch") { JSONValue($0.epoch) },
        Column("assignment") { .array($0.assignment.sorted().map { .text($0.description) }) },
    ]

    private static func write(_ groups: [GroupDescription], _ output: Output) throws {
        switch output.format {
        case .table:
            for (index, group) in groups.enumerated() {
                if index > 0 { try output.heading("") }
                try output.heading(group.description.split(separator: "\n").first.map(String.init) ?? group.id)
                if !group.members.isEmpty { try output.list(group.members, Self.memberColumns) }
            }
        case .json:
            try output.write(
                .array(
                    groups.map { group in
                        .object([
                            "group": .text(group.id), "type": .text(group.type.rawValue),
                            "state": .text(group.state.rawValue), "protocol": .text(group.protocolType),
                            "assignor": JSONValue(group.assignor), "coordinator": JSONValue(group.coordinator.id),
                            "epoch": JSONValue(group.epoch), "assignmentEpoch": JSONValue(group.assignmentEpoch),
                            "members": .array(group.members.map { JSONValue($0, Self.memberColumns) }),
                        ])
                    }))
        case .csv:
            let rows = groups.flatMap { group in group.members.map { (group: group.id, member: $0) } }
            let columns = Self.memberColumns.map { column in
                Column<(group: String, member: GroupMember)>(column.name) { column.value($0.member) }
            }
            try output.list(rows, [Column("group") { .text($0.group) }] + columns)
        }
    }

    private static let offsets = Command(
        "offsets", "shows the committed offsets of groups and their lag, by partition", takes: [Self.some],
        examples: [Command.Example("async-kafka groups offsets billing -o csv", "For a spreadsheet")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let results = await admin.describeGroupLag(arguments[Self.some])
            let rows = results.values.compactMap { try? $0.get() }.sorted { $0.group < $1.group }.flatMap { lag in
                lag.partitions.map { (group: lag.group, partition: $0) }
            }
            try session.output.list(
                rows,
                [
                    Column("group") { .text($0.group) }, Column("topic") { .text($0.partition.partition.topic) },
                    Column("partition") { JSONValue($0.partition.partition.partition) },
                    Column("committed") { JSONValue($0.partition.committed?.offset) },
                    Column("logEnd") { JSONValue($0.partition.logEnd) }, Column("lag") { JSONValue($0.partition.lag) },
                    Column("member") { JSONValue($0.partition.memberID) },
                ])
            try session.output.failures(of: results)
        }
    }

    // MARK: Changing

    private static let to = Option(
        "--to", .position, "The new place: beginning, end, an offset, or a time such as 2026-11-26T10:00:00Z or 1h.")
    private static let shift = Option(
        "--shift", .number(in: Int64.min + 1...Int64.max), "Moves each offset by N records, back if N is negative.")
    private static let toGroup = Option("--to-group", Self.kind, "Takes the offsets of another group.")
    private static let topic = Option(
        "--topic", short: "t", .partitions, isRepeatable: true, "TOPIC, or TOPIC:0,1 for some partitions. Default: all."
    )

    private static let resetOffsets = Command(
        "reset", aliases: ["reset-offsets", "seek"], "sets the committed offsets of a group that has no members",
        details: "Shows the plan, and asks before it is carried out.",
        takes: [Self.one, Self.to, Self.shift, Self.toGroup, Self.topic, Session.dryRun, Session.yes],
        examples: [
            Command.Example("async-kafka groups reset billing --to 1h --topic orders", "To what came an hour ago"),
            Command.Example("async-kafka groups reset billing --shift -100 --dry-run", "Only shows the plan"),
        ]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let group = arguments[Self.one]
            let target = try Self.target(arguments)
            let topics = arguments[all: Self.topic]
            let partitions = topics.isEmpty ? nil : try await topics.partitions(admin)
            let plan = try await admin.resetGroupOffsets(of: group, partitions: partitions, to: target, dryRun: true)
            try session.output.list(
                plan,
                [
                    Column("topic") { .text($0.partition.topic) },
                    Column("partition") { JSONValue($0.partition.partition) },
                    Column("current") { JSONValue($0.current) }, Column("new") { JSONValue($0.new) },
                ])
            guard !arguments[Session.dryRun] else { return }
            guard !plan.isEmpty else {
                throw Failure("There is nothing to set: \(group) has no committed offsets, so name a --topic.")
            }
            try session.confirm("Set the offsets of \(group) in \(plan.count) partition(s)?")
            // What was shown is set, even if the logs have grown since.
            let offsets = plan.map { ($0.partition, OffsetAndMetadata(offset: $0.new)) }
            try await admin.alterGroupOffsets(Dictionary(offsets) { $1 }, of: group).allSucceeded()
            StandardStream.complain("\(plan.count) offset(s) of \(group) set")
        }
    }

    private static func target(_ arguments: Arguments) throws(UsageError) -> OffsetReset {
        var targets: [OffsetReset] = []
        if let group = arguments[Self.toGroup] { targets.append(.group(group)) }
        if let shift = arguments[Self.shift] { targets.append(.shift(by: shift)) }
        switch arguments[Self.to] {
        case .beginning: targets.append(.earliest)
        case .end: targets.append(.latest)
        case .offset(let offset): targets.append(.offset(offset))
        case .time(let time): targets.append(.timestamp(time))
        case .beforeEnd: throw UsageError("--to -N isn't possible; --shift moves from the committed offset")
        case nil: break
        }
        guard targets.count == 1, let target = targets.first else {
            throw UsageError("Name one of --to, --shift and --to-group")
        }
        return target
    }

    private static let deleteOffsets = Command(
        "delete-offsets", "deletes committed offsets of a group", takes: [Self.one, Self.topic, Session.yes],
        examples: [Command.Example("async-kafka groups delete-offsets billing --topic orders:0", "Of one partition")]
    ) { arguments in
        let topics = arguments[all: Self.topic]
        guard !topics.isEmpty else { throw UsageError("--topic is missing") }
        try await Session.withAdmin(arguments) { session, admin in
            let group = arguments[Self.one]
            try session.confirm("Delete the offsets of \(group) for \(topics.map(\.topic).joined(separator: ", "))?")
            let results = await admin.deleteGroupOffsets(try await topics.partitions(admin), of: group)
            try session.output.results(of: results, "partition") { _, _ in "has no offset" }
        }
    }

    private static let member = Option("--member", .text("ID"), isRepeatable: true, "A member, by its member id.")
    private static let instance = Option("--instance", .text("ID"), isRepeatable: true, "A static member.")
    private static let all = Flag("--all", "All members.")

    private static let removeMembers = Command(
        "remove-members", aliases: ["kick"], "removes members that don't run anymore",
        takes: [Self.one, Self.member, Self.instance, Self.all, Session.yes],
        examples: [
            Command.Example(
                "async-kafka groups remove-members billing --instance billing-3",
                "A static member that is gone for good")
        ]
    ) { arguments in
        let members =
            arguments[all: Self.member].map { GroupMemberIdentity.member($0) }
            + arguments[all: Self.instance].map { .instance($0) }
        guard members.isEmpty == arguments[Self.all] else {
            throw UsageError("Name members with --member and --instance, or --all")
        }
        try await Session.withAdmin(arguments) { session, admin in
            let group = arguments[Self.one]
            try session.confirm("Remove \(members.isEmpty ? "all members" : "\(members.count) member(s)") of \(group)?")
            if members.isEmpty {
                let removed = try await admin.removeAllMembers(from: group)
                try session.output.list(removed, Array(Self.memberColumns.prefix(4)))
            } else {
                let results = await admin.removeMembers(members, from: group)
                try session.output.results(of: results, "member") { _, _ in "removed" }
            }
        }
    }

    private static let ifExists = Flag("--if-exists", "Passes over groups that don't exist.")

    private static let delete = Command(
        "delete", aliases: ["rm", "remove"], "deletes groups without members, and their offsets",
        takes: [Self.some, Self.ifExists, Session.yes],
        examples: [Command.Example("async-kafka groups delete billing-test --yes", "In a script")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let groups = arguments[Self.some]
            try session.confirm("Delete \(groups.joined(separator: ", ")) with all committed offsets?")
            let results = await admin.deleteGroups(groups, ifMissing: arguments[Self.ifExists] ? .ignore : .fail)
            try session.output.results(of: results, "group") { _, _ in "deleted" }
        }
    }
}

/// Partitions of a topic, written as `TOPIC` or `TOPIC:0,1`.
struct WrittenPartitions: Hashable, Sendable {
    var topic: String
    /// Empty means all.
    var numbers: [Int32]
}

extension ValueKind where Value == WrittenPartitions {
    static var partitions: ValueKind {
        ValueKind("TOPIC[:N,...]", completion: Topics.kind.completion) { text throws(UsageError) in
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            let numbers = parts.count < 2 ? [] : parts[1].split(separator: ",", omittingEmptySubsequences: false)
            let parsed = numbers.compactMap { Int32($0) }.filter { $0 >= 0 }
            guard parts.count <= 2, let topic = parts.first, !topic.isEmpty, parsed.count == numbers.count else {
                throw UsageError("it must be written as TOPIC, or as TOPIC:0,1 for some partitions")
            }
            return WrittenPartitions(topic: String(topic), numbers: parsed)
        }
    }
}

extension [WrittenPartitions] {
    /// All partitions that are meant.
    func partitions(_ admin: KafkaAdminClient) async throws -> [TopicPartition] {
        let open = self.filter(\.numbers.isEmpty).map(\.topic)
        let topics = open.isEmpty ? [:] : try await admin.describeTopics(open).allSucceeded()
        return self.partitions { topics[$0]?.partitions.map(\.partition) ?? [] }
    }

    /// All partitions that are meant. Throws if one of them, or a topic, doesn't exist.
    func existingPartitions(_ admin: KafkaAdminClient) async throws -> [TopicPartition] {
        let topics = try await admin.describeTopics(Set(self.map(\.topic)).sorted()).allSucceeded()
        for written in self {
            let all = topics[written.topic]?.partitions.map(\.partition) ?? []
            if let missing = written.numbers.first(where: { !all.contains($0) }) {
                throw Failure("Topic \(written.topic) has no partition \(missing): it has \(all.count).")
            }
        }
        return self.partitions { topics[$0]?.partitions.map(\.partition) ?? [] }
    }

    /// Each partition once, even if it is named twice.
    private func partitions(all: (String) -> [Int32]) -> [TopicPartition] {
        Set(
            self.flatMap { written in
                (written.numbers.isEmpty ? all(written.topic) : written.numbers).map {
                    TopicPartition(written.topic, $0)
                }
            }
        ).sorted()
    }
}

extension String {
    /// The word with a capital letter, as Kafka writes states and types.
    fileprivate var asKafkaWritesIt: String { self.prefix(1).uppercased() + self.dropFirst() }
}
