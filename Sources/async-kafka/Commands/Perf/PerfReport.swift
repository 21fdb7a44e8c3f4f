// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The result of a measurement.
struct PerfReport: Sendable {
    var what: String
    var records: Int
    var bytes: Int
    var time: Duration
    /// Nil if no durations were measured.
    var latencies: LatencyHistogram?

    private static let rates: [Column<PerfReport>] = [
        Column("records") { JSONValue($0.records) }, Column("seconds") { .number($0.time.seconds.rounded(to: 3)) },
        Column("recordsPerSecond") { .number(($0.perSecond(Double($0.records))).rounded(to: 0)) },
        Column("mebibytesPerSecond") { .number($0.perSecond(Double($0.bytes) / 1_048_576).rounded(to: 2)) },
    ]

    private static func latency(
        _ name: String, _ value: @escaping @Sendable (LatencyHistogram) -> Duration
    ) -> Column<PerfReport> {
        Column(name) { $0.latencies.map { .number(value($0).milliseconds) } ?? .null }
    }

    private static let durations: [Column<PerfReport>] = [
        Self.latency("meanMilliseconds", \.mean), Self.latency("p50Milliseconds") { $0.percentile(0.5) },
        Self.latency("p95Milliseconds") { $0.percentile(0.95) },
        Self.latency("p99Milliseconds") { $0.percentile(0.99) },
        Self.latency("p999Milliseconds") { $0.percentile(0.999) }, Self.latency("maxMilliseconds", \.maximum),
    ]

    private func perSecond(_ number: Double) -> Double { number / max(self.time.seconds, 0.000_001) }

    /// Writes the figures, the histogram for people, and the plot if one is wanted.
    func write(_ output: Output, plot: String?) throws {
        try output.show(self, Self.rates + (self.latencies == nil ? [] : Self.durations))
        guard let latencies, latencies.count > 0 else { return }
        if output.format == .table {
            try StandardStream.output.writeLine("")
            for line in HistogramChart(latencies).lines(width: Terminal.width(of: STDOUT_FILENO) ?? 80) {
                try StandardStream.output.writeLine(line)
            }
        }
        if let plot { try FileSystem.write(HistogramChart(latencies).svg(title: self.what), to: plot) }
    }
}

extension Double {
    fileprivate func rounded(to decimals: Int) -> Double {
        let factor = [1.0, 10, 100, 1000][decimals]
        return (self * factor).rounded() / factor
    }
}

/// A line in the terminal that tells once a second how far a measurement has come. Nothing in a pipe.
struct PerfProgress {
    private let isShown = Terminal.isTerminal(STDERR_FILENO)
    private let start = ContinuousClock.now
    private var last = ContinuousClock.now
    private var lastRecords = 0
    private var hasLine = false

    mutating func tell(records: Int, of total: Int?) {
        guard self.isShown else { return }
        let now = ContinuousClock.now
        let time = now - self.last
        guard time >= .seconds(1) else { return }
        let rate = Int(Double(records - self.lastRecords) / time.seconds)
        (self.last, self.lastRecords, self.hasLine) = (now, records, true)
        let all = total.map { " of \($0.grouped)" } ?? ""
        try? StandardStream.errors.write(
            Array("\r\u{1b}[K\(records.grouped)\(all) records, \(rate.grouped) a second".utf8))
    }

    /// Clears the line.
    func end() {
        if self.hasLine { try? StandardStream.errors.write(Array("\r\u{1b}[K".utf8)) }
    }
}
