// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Metrics in the text format of Prometheus, for the answer of an endpoint such as `/metrics`.
///
/// Give your clients different values of `clientID`, which is a label of all metrics.
public enum PrometheusText {
    /// The value of the header `Content-Type`.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Returns the metrics of one or more clients.
    public static func render(_ statistics: [any KafkaStatistics]) -> String {
        let samples = Dictionary(grouping: statistics.flatMap { $0.samples }, by: \.metric)
        return KafkaMetric.all.map { metric in
            guard let own = samples[metric] else { return "" }
            let head =
                "# HELP \(metric.name) \(Self.escaped(metric.meaning))\n# TYPE \(metric.name) \(metric.kind.rawValue)\n"
            return head + own.map(Self.lines).joined()
        }
        .joined()
    }

    private static func lines(of sample: KafkaMetric.Sample) -> String {
        let name = sample.metric.name
        switch sample.value {
        case .number(let value):
            return "\(name)\(Self.labels(sample.labels)) \(Self.text(of: value))\n"
        case .summary(let summary):
            let quantiles = summary.quantiles.map { quantile in
                let labels = sample.labels + [KafkaMetric.Label("quantile", Self.text(of: quantile.share))]
                return "\(name)\(Self.labels(labels)) \(Self.text(of: quantile.value))\n"
            }
            let labels = Self.labels(sample.labels)
            return quantiles.joined() + "\(name)_sum\(labels) \(Self.text(of: summary.sum))\n"
                + "\(name)_count\(labels) \(summary.count)\n"
        }
    }

    private static func labels(_ labels: [KafkaMetric.Label]) -> String {
        "{" + labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }.joined(separator: ",") + "}"
    }

    /// Whole numbers without fractions.
    private static func text(of value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool = false) -> String {
        text.reduce(into: "") { escaped, character in
            switch character {
            case "\\": escaped += "\\\\"
            case "\n", "\r\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.append(character)
            }
        }
    }
}
