// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Metrics in the text format of Prometheus, for the answer of an endpoint such as `/metrics`.
///
/// Give your clients different values of `clientID`, which is a label of all metrics. Clients of one kind with the same id are numbered
/// in the order of the array: `orders`, `orders-2`.
public enum PrometheusText {
    /// The value of the header `Content-Type`.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Returns the metrics of one or more clients. The text ends with a line break and has no end marker, so that metrics of
    /// your own can be appended.
    public static func render(_ statistics: [any KafkaStatistics]) -> String {
        var order: [KafkaMetric] = []
        var samples: [KafkaMetric: [KafkaMetric.Sample]] = [:]
        for sample in Self.distinct(statistics.map(\.samples)).joined() {
            if samples[sample.metric] == nil { order.append(sample.metric) }
            samples[sample.metric, default: []].append(sample)
        }
        return order.map { metric in
            let head =
                "# HELP \(metric.name) \(Self.escaped(metric.meaning))\n# TYPE \(metric.name) \(metric.kind.rawValue)\n"
            return head + (samples[metric] ?? []).map(Self.lines).joined()
        }
        .joined()
    }

    /// Numbers the clients whose id and type are those of an earlier one: the format takes each combination of labels once.
    private static func distinct(_ clients: [[KafkaMetric.Sample]]) -> [[KafkaMetric.Sample]] {
        var taken: Set<[KafkaMetric.Label]> = []
        return clients.map { samples in
            guard let first = samples.first, let id = first.labels.first else { return samples }
            let rest = first.labels.prefix(2).dropFirst()
            var (own, number) = (id, 1)
            while !taken.insert([own] + rest).inserted {
                number += 1
                own = KafkaMetric.Label(id.name, "\(id.value)-\(number)")
            }
            guard number > 1 else { return samples }
            return samples.map { sample in
                KafkaMetric.Sample(sample.metric, labels: [own] + sample.labels.dropFirst(), value: sample.value)
            }
        }
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
        // Scalars, because a quotation mark and an accent behind it are one character.
        text.unicodeScalars.reduce(into: "") { escaped, scalar in
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
    }
}
