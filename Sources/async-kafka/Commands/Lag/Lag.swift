// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// `async-kafka lag`
struct Lag {
    static let command = Command(
        "lag", "shows how far groups are behind",
        details: "With --watch it goes on, with a chart of each group's last minutes, until Ctrl-C.",
        takes: [Self.groups, Self.watch, Self.interval, Self.committed],
        examples: [
            Command.Example("async-kafka lag", "All groups"),
            Command.Example("async-kafka lag billing --watch", "A live view"),
            Command.Example("async-kafka lag -o json | jq '.[] | select(.lag > 1000)'", "For an alert"),
        ]
    ) { arguments in
        let lag = try Lag(arguments)
        try await Interrupt.cancels { try await lag.run() }
    }

    private static let groups = Operands("GROUP", Groups.kind, count: 0...Int.max, "The groups. Default: all.")
    private static let watch = Flag("--watch", short: "W", "Shows it again and again.")
    private static let interval = Option("--interval", .duration(), "The time between two looks. Default: 2s.")
    private static let committed = Flag("--committed", "Counts no records of open transactions.")

    private let arguments: Arguments
    private let session: Session

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        self.session = try Session(arguments)
        if let interval = arguments[Self.interval], interval < .milliseconds(100) {
            throw UsageError("--interval must be at least 100ms")
        }
    }

    func run() async throws {
        try await KafkaAdminClient.withAdminClient(self.session.cluster) { admin in
            guard self.arguments[Self.watch] else {
                let results = try await self.look(admin)
                try self.session.output.list(results.rows, Self.columns)
                return try self.session.output.failures(of: results.all)
            }
            try await self.watch(admin)
        }
    }

    /// A group's lag at a moment.
    struct Row: Sendable {
        var group: String
        var partitions: Int
        var committed: Int
        var lag: Int64
        var largest: PartitionLag?
    }

    static let columns: [Column<Row>] = [
        Column("group") { .text($0.group) }, Column("lag") { JSONValue($0.lag) },
        Column("partitions") { JSONValue($0.partitions) }, Column("committed") { JSONValue($0.committed) },
        Column("largest") { JSONValue($0.largest?.lag) },
        Column("largestIn") { JSONValue($0.largest?.partition.description) },
    ]

    private func look(
        _ admin: KafkaAdminClient
    ) async throws -> (rows: [Row], all: [String: Result<GroupLag, KafkaError>]) {
        var groups = self.arguments[Self.groups]
        if groups.isEmpty {
            groups = try await admin.listGroups(types: [.classic, .consumer], protocolTypes: ["consumer", ""]).map(\.id)
        }
        let results = await admin.describeGroupLag(
            groups, isolationLevel: self.arguments[Self.committed] ? .readCommitted : .readUncommitted)
        let rows = results.values.compactMap { try? $0.get() }.sorted { $0.group < $1.group }.map { lag in
            Row(
                group: lag.group, partitions: lag.partitions.count,
                committed: lag.partitions.count { $0.committed != nil }, lag: lag.total,
                largest: lag.partitions.max { ($0.lag ?? -1) < ($1.lag ?? -1) })
        }
        return (rows, results)
    }

    // MARK: Watching

    private func watch(_ admin: KafkaAdminClient) async throws {
        let interval = self.arguments[Self.interval] ?? .seconds(2)
        let isLive = Terminal.isTerminal(STDOUT_FILENO) && self.session.output.format == .table
        var charts = LagCharts()
        var next = ContinuousClock.now
        var hasLooked = false
        while true {
            do {
                let results = try await self.look(admin)
                charts.add(results.rows.map { ($0.group, $0.lag) })
                if isLive {
                    let size = Terminal.size(of: STDOUT_FILENO)
                    try StandardStream.output.write(Array(Self.screen(results.rows, charts, size).utf8))
                } else {
                    // In a pipe each look follows the last one.
                    try self.session.output.list(results.rows, Self.columns)
                }
                try self.session.output.failures(of: results.all)
                hasLooked = true
            } catch is ExitStatus where hasLooked {
                // The groups that failed are named already.
            } catch let error as KafkaError where hasLooked && error.code != .cancelled {
                // The cluster may come back.
                StandardStream.complain("async-kafka: \(error.message)")
            }
            next = max(next + interval, .now)
            // The interval that the user wants. Nothing tells of a change of lag, so that it is looked at again and again.
            try await Task.sleep(until: next)
        }
    }

    /// The whole screen: the cursor goes to the beginning, and each line is cleared before it is written.
    static func screen(_ rows: [Row], _ charts: LagCharts, _ size: (columns: Int, lines: Int)) -> String {
        let now = Moment.text(Moment.now).prefix(19).replacing("T", with: " ")
        var lines = ["\(now) UTC   Ctrl-C ends"]
        let chartWidth = max(10, min(60, size.columns - 50))
        let table = TextTable(
            headings: ["GROUP", "LAG", "LARGEST IN", "LAST MINUTES"],
            rows: rows.map { row in
                [
                    TextTable.Cell(text: row.group), TextTable.Cell(text: "\(row.lag)", isNumber: true),
                    TextTable.Cell(text: row.largest?.partition.description ?? ""),
                    TextTable.Cell(text: charts.chart(of: row.group, width: chartWidth)),
                ]
            })
        lines += table.lines(width: size.columns, isBold: true).prefix(max(size.lines - 2, 1))
        return "\u{1b}[H" + lines.map { "\u{1b}[2K\($0)\n" }.joined() + "\u{1b}[J"
    }
}

/// The lags that groups have had, as small charts.
struct LagCharts: Sendable {
    private var histories: [String: [Int64]] = [:]
    private static let capacity = 60

    mutating func add(_ lags: [(group: String, lag: Int64)]) {
        for (group, lag) in lags {
            self.histories[group, default: []].append(lag)
            if self.histories[group, default: []].count > Self.capacity { self.histories[group]?.removeFirst() }
        }
        let present = Set(lags.map(\.group))
        self.histories = self.histories.filter { present.contains($0.key) }
    }

    /// A column for each look, the last one at the right. The highest reaches the top.
    func chart(of group: String, width: Int) -> String {
        let lags = (self.histories[group] ?? []).suffix(width)
        let blocks = Array("▁▂▃▄▅▆▇█")
        guard let highest = lags.max(), highest > 0 else { return String(repeating: "▁", count: lags.count) }
        return String(
            lags.map { lag in blocks[Int((Double(lag) / Double(highest) * Double(blocks.count - 1)).rounded())] })
    }
}
