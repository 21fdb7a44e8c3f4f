// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `async-kafka offsets`
enum Offsets {
    static let command = Command(
        "offsets", aliases: ["offset"], "shows the offsets of partitions", subcommands: [Self.list])

    private static let topics = Operands("TOPIC", .partitions, count: 1...Int.max, "TOPIC, or TOPIC:0,1.")
    private static let time = Option("--time", .moment(), "Also shows the first offset at or after this time.")

    private struct Row {
        var partition: TopicPartition
        var beginning: Int64?
        var end: Int64?
        var atTime: ListedOffset?
    }

    private static let list = Command(
        "list", aliases: ["ls", "show", "get", "describe"], "shows where partitions begin and end",
        takes: [Self.topics, Self.time],
        examples: [Command.Example("async-kafka offsets list orders --time 1h", "What came in the last hour")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let partitions = try await arguments[Self.topics].existingPartitions(admin)
            func offsets(_ spec: OffsetSpec) async -> [TopicPartition: Result<ListedOffset?, KafkaError>] {
                await admin.listOffsets(Dictionary(partitions.map { ($0, spec) }) { $1 })
            }
            let beginnings = await offsets(.earliest)
            let ends = await offsets(.latest)
            let times = if let time = arguments[Self.time] { await offsets(.timestamp(time)) } else { ends }
            let rows = partitions.sorted().map { partition in
                Row(
                    partition: partition, beginning: try? beginnings[partition]?.get()?.offset,
                    end: try? ends[partition]?.get()?.offset, atTime: try? times[partition]?.get())
            }
            var columns: [Column<Row>] = [
                Column("topic") { .text($0.partition.topic) },
                Column("partition") { JSONValue($0.partition.partition) },
                Column("beginning") { JSONValue($0.beginning) }, Column("end") { JSONValue($0.end) },
            ]
            if arguments[Self.time] != nil { columns.append(Column("atTime") { JSONValue($0.atTime?.offset) }) }
            try session.output.list(rows, columns)
            try session.output.failures(of: beginnings)
            try session.output.failures(of: ends)
            try session.output.failures(of: times)
        }
    }
}
