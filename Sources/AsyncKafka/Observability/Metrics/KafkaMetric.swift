// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A metric of this library: its name, and what its values mean. `all` is the catalogue.
///
/// Names follow the conventions of Prometheus: base units (seconds and bytes), which end the name, and `_total` for counters.
public struct KafkaMetric: Hashable, Sendable {
    /// What can be done with the values of a metric.
    @nonexhaustive
    public enum Kind: String, Hashable, Sendable {
        /// A number that only increases while the client lives, such as the number of requests.
        case counter
        /// A number that increases and decreases, such as the lag.
        case gauge
        /// The distribution of the values of the last minute, with their number and sum since the client was created.
        case summary
    }

    /// The name, such as `kafka_producer_records_total`.
    public let name: String
    /// What can be done with its values.
    public let kind: Kind
    /// The unit of its values, such as `seconds`, `bytes` or `records`.
    public let unit: String
    /// The names of its labels. Each combination of their values has a value of its own.
    public let labels: [String]
    /// What its values mean.
    public let meaning: String
}

extension KafkaMetric {
    /// All metrics of all clients, in the order of the table in <doc:Observing>.
    public static let all: [KafkaMetric] =
        ClientStatistics.sources.map(\.metric) + ProducerStatistics.sources.map(\.metric)
        + ConsumerStatistics.sources.map(\.metric)

    /// The value of a metric at a moment.
    public struct Sample: Hashable, Sendable {
        /// The metric.
        public let metric: KafkaMetric
        /// The values of the metric's labels, in their order.
        public let labels: [Label]
        /// The value.
        public let value: Value

        /// Creates a sample, for tests of a sink.
        public init(_ metric: KafkaMetric, labels: [Label], value: Value) {
            self.metric = metric
            self.labels = labels
            self.value = value
        }
    }

    /// A label and its value.
    public struct Label: Hashable, Sendable {
        /// The name.
        public let name: String
        /// The value.
        public let value: String

        /// Creates a label.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The value of a sample.
    @nonexhaustive
    public enum Value: Hashable, Sendable {
        /// The value of a counter or gauge.
        case number(Double)
        /// The values of a summary.
        case summary(Summary)
    }

    /// The values of a summary.
    public struct Summary: Hashable, Sendable {
        /// The number of values since the client was created.
        public let count: Int
        /// Their sum.
        public let sum: Double
        /// The values below which these shares of the values of the last minute are: 0.5, 0.95, 0.99 and 1. Empty if there were
        /// no values.
        public let quantiles: [Quantile]

        /// Creates the values of a summary, for tests of a sink.
        public init(count: Int, sum: Double, quantiles: [Quantile]) {
            self.count = count
            self.sum = sum
            self.quantiles = quantiles
        }
    }

    /// A quantile of a summary.
    public struct Quantile: Hashable, Sendable {
        /// The share, from 0 to 1.
        public let share: Double
        /// The value.
        public let value: Double

        /// Creates a quantile, for tests of a sink.
        public init(share: Double, value: Double) {
            self.share = share
            self.value = value
        }
    }
}
