// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `async-kafka consume`: the options. The work is in an extension.
struct Consume: Sendable {
    static let command = Command(
        "consume", aliases: ["read", "cat"], "reads records",
        details: """
            Reads what the topics have, from the beginning to the end, and ends. With --follow it begins at the end and waits for \
            more. With --group it is a member of the group, reads from the committed offsets on, commits what it has written, and \
            waits for more.

            Without --format a record is a line with its time, partition, offset, key, value and headers; bytes that are no text \
            are in hexadecimal. -o json writes one object a line, which `produce --input json` reads. In a --format, %t is the \
            topic, %p the partition, %o the offset, %T the time in milliseconds, %D the time, %k the key, %v the value, %h the \
            headers, %K and %V the numbers of their bytes; \\n and \\t are a line break and a tabulator.
            """,
        takes: [
            Self.topics, Self.partition, Self.from, Self.to, Self.last, Self.count, Self.follow, Self.group, Self.grep,
            Self.filters, Self.template, Self.raw, Self.committed,
        ],
        examples: [
            Command.Example("async-kafka consume orders --last 10", "The last ten records"),
            Command.Example("async-kafka consume orders --follow --grep berlin", "What comes, if it has a text"),
            Command.Example("async-kafka consume orders --from 1h --where '.amount>100' -o json", "Of the last hour"),
            Command.Example(
                "async-kafka consume orders -p 3 --from 4200 -n 1 --raw > record.bin", "One value as it is"),
            Command.Example("async-kafka consume orders -g billing -f '%k: %v\\n'", "As a member of a group"),
        ]
    ) { arguments in
        let consume = try Consume(arguments)
        try await Interrupt.cancels { try await consume.run() }
    }

    private static let topics = Operands("TOPIC", Topics.kind, count: 1...Int.max, "The topics.")
    private static let partition = Option(
        "--partition", short: "p", .number(in: 0...Int32.max), isRepeatable: true, "The partition. Default: all.")
    private static let from = Option(
        "--from", .position, "Where to begin: beginning, end, an offset, -N or a time. Default: see above.")
    private static let to = Option("--to", .position, "Where to end, without the record there. Default: the end.")
    private static let last = Option(
        "--last", .number(in: 1...1_000_000), "The last N records of all partitions, in the order of their times.")
    private static let count = Option("--count", short: "n", .number(in: 1...Int.max), "Ends after N records.")
    private static let follow = Flag("--follow", short: "F", "Waits for more records.")
    private static let group = Option("--group", short: "g", .text("GROUP"), "Reads as a member of this group.")
    private static let grep = Option(
        "--grep", .regex, "Only records with this regular expression in their key or value.")
    private static let filters = Option(
        "--where", short: "w", .filter, isRepeatable: true,
        "Only records with this: key, value, header.NAME, partition or .FIELD of a JSON value; =, !=, <, <=, >, >=, or ~ for a "
            + "regular expression.")
    private static let template = Option("--format", short: "f", .template, "The form of a record.")
    private static let raw = Flag("--raw", "Writes the values as they are, and nothing between them.")
    private static let committed = Flag("--committed", "Leaves out records of transactions that are open or aborted.")

    let topics: [String]
    let group: String?
    /// Empty means all.
    let partitionNumbers: [Int32]
    let from: LogPosition?
    let to: LogPosition?
    let last: Int?
    let count: Int?
    let follows: Bool
    let filter: RecordFilter
    let format: RecordFormat
    let isolation: IsolationLevel
    let cluster: KafkaClientConfiguration

    init(_ arguments: Arguments) throws {
        self.topics = arguments[Self.topics]
        self.from = arguments[Self.from]
        self.to = arguments[Self.to]
        self.last = arguments[Self.last]
        self.count = arguments[Self.count]
        self.follows = arguments[Self.follow]
        self.group = arguments[Self.group]
        self.partitionNumbers = arguments[all: Self.partition]
        self.filter = RecordFilter(grep: arguments[Self.grep], conditions: arguments[all: Self.filters])
        self.format = try RecordFormat(
            Output(arguments).format, template: arguments[Self.template], isRaw: arguments[Self.raw])
        self.isolation = arguments[Self.committed] ? .readCommitted : .readUncommitted
        self.cluster = try KafkaClientConfiguration(arguments)
        try self.check()
    }

    private func check() throws(UsageError) {
        if self.follows, self.to != nil { throw UsageError("--follow has no end, so that --to makes no sense with it") }
        if self.last != nil, self.from != nil { throw UsageError("--last says where to begin, and so does --from") }
        guard self.group != nil else { return }
        if !self.partitionNumbers.isEmpty {
            throw UsageError("The group assigns the partitions, so that --partition can't")
        }
        if self.to != nil || self.last != nil {
            throw UsageError(
                "A group reads from its committed offsets on: --to and --last are for reading without a group")
        }
        guard self.from == nil || self.from == .beginning || self.from == .end else {
            throw UsageError("With --group, --from says where to begin without committed offsets: beginning or end")
        }
    }
}

extension ValueKind where Value == WrittenRegex {
    fileprivate static var regex: ValueKind {
        ValueKind("REGEX") { text throws(UsageError) in
            guard let regex = WrittenRegex(text) else { throw UsageError("it is no regular expression") }
            return regex
        }
    }
}
