// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `async-kafka copy`: the options. The work is in an extension.
struct Copy: Sendable {
    static let command = Command(
        "copy", aliases: ["cp", "mirror"], "copies the records of a topic to another",
        details: """
            Copies what the first topic has now, with keys, values, headers, times and partitions, and ends. With --follow it goes on \
            with what comes. Records of transactions are copied when they are committed, and aborted ones are left out.

            Within a cluster each record is copied exactly once: the records and the offset up to which they are copied are written in \
            one transaction. To another cluster (--other-bootstrap-servers, --other-properties or --other-profile) no record is left \
            out, and those that were copied last may come twice after an interruption.

            A copy that was interrupted goes on where it was: the offsets are those of a group, copy-FROM-TO unless --group names \
            another. A second copy with the same group in the same cluster takes over from the first, which then fails. To copy \
            everything again, delete the group's offsets.
            """,
        takes: [
            Self.source, Self.target, Self.byKey, Self.follow, Self.group,
        ] + OtherCluster.options,
        examples: [
            Command.Example("async-kafka copy orders orders-copy", "In one cluster, exactly once"),
            Command.Example("async-kafka copy orders orders-wide --by-key", "To another number of partitions"),
            Command.Example(
                "async-kafka copy orders orders --other-bootstrap-servers new.example:9092 --follow",
                "To another cluster, and what comes"),
        ]
    ) { arguments in
        let copy = try Copy(arguments)
        try await Interrupt.cancels { try await copy.run() }
    }

    private static let source = Operand("FROM", Topics.kind, "The topic to read.")
    private static let target = Operand("TO", Topics.kind, "The topic to write to. It must exist.")
    private static let byKey = Flag("--by-key", "Lets the keys decide the partitions, instead of keeping them.")
    private static let follow = Flag("--follow", short: "F", "Goes on with records that are written later.")
    private static let group = Option(
        "--group", short: "g", .text("GROUP"), "The group that holds the offsets. Default: copy-FROM-TO.")

    let source: String
    let target: String
    let isByKey: Bool
    let follows: Bool
    let group: String
    let cluster: KafkaClientConfiguration
    /// Nil if the second topic is in the same cluster.
    let other: KafkaClientConfiguration?
    let output: Output

    init(_ arguments: Arguments) throws {
        self.source = arguments[Self.source]
        self.target = arguments[Self.target]
        self.isByKey = arguments[Self.byKey]
        self.follows = arguments[Self.follow]
        self.group = arguments[Self.group] ?? "copy-\(self.source)-\(self.target)"
        self.cluster = try KafkaClientConfiguration(arguments)
        self.other = try OtherCluster.configuration(arguments, beside: self.cluster)
        self.output = Output(arguments)
        if self.other == nil, self.source == self.target {
            throw UsageError("A topic can't be copied to itself: it would never end")
        }
    }
}
