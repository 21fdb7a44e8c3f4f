// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// What a client counts and measures, as values of one moment. Types outside of this library don't conform to it, because members may
/// be added.
///
/// `description` is a text for people. `json` and `Encodable` have the same content for programs: times in seconds, sizes in
/// bytes, and null for what isn't known.
public protocol KafkaStatistics: Sendable, Encodable, CustomStringConvertible {
    /// The statistics as JSON, on one line.
    var json: String { get }
    /// The values of all metrics, in the order of `KafkaMetric.all`.
    var samples: [KafkaMetric.Sample] { get }
}

extension StatisticsCount {
    /// The tree of a number of events.
    var tree: StatisticsTree { self.tree { StatisticsTree.text(of: $0) } }

    /// The tree of a number of bytes.
    var treeOfBytes: StatisticsTree { self.tree { StatisticsTree.text(ofBytes: $0) } }

    private func tree(_ text: (Double) -> String) -> StatisticsTree {
        .line(
            "\(text(Double(self.total))), \(text(self.perSecond))/s",
            of: [("total", .integer(self.total)), ("perSecond", .number(self.perSecond))])
    }
}

extension StatisticsDistribution<Duration> {
    var tree: StatisticsTree { self.tree(StatisticsTree.time) { StatisticsTree.text(of: $0) } }
}

extension StatisticsDistribution<Double> {
    /// The tree of a distribution of numbers.
    var tree: StatisticsTree { self.tree(StatisticsTree.number) { StatisticsTree.text(of: $0) } }

    /// The tree of a distribution of sizes.
    var treeOfBytes: StatisticsTree { self.tree(StatisticsTree.number) { StatisticsTree.text(ofBytes: $0) } }
}

extension StatisticsDistribution {
    fileprivate func tree(
        _ convert: (Value) -> StatisticsTree, text: (Value) -> String
    ) -> StatisticsTree {
        let total: [(name: String, value: StatisticsTree)] = [
            ("totalCount", .integer(self.totalCount)), ("totalSum", convert(self.totalSum)),
        ]
        guard let recent = self.lastMinute else {
            return .line("none in the last minute", of: total + [("lastMinute", .absent)])
        }
        let line =
            "p50 \(text(recent.p50)), p95 \(text(recent.p95)), p99 \(text(recent.p99)), "
            + "max \(text(recent.maximum)), mean \(text(recent.mean)) of \(recent.count)"
        let values: [(name: String, value: StatisticsTree)] = [
            ("count", .integer(recent.count)), ("mean", convert(recent.mean)), ("p50", convert(recent.p50)),
            ("p95", convert(recent.p95)), ("p99", convert(recent.p99)), ("maximum", convert(recent.maximum)),
        ]
        return .line(line, of: total + [("lastMinute", .object(values))])
    }
}
