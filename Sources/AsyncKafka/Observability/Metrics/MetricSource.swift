// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A kind of client, as a label of its metrics: clients of different kinds may have the same id.
enum ClientType: String, Sendable {
    case producer, consumer, admin
}

/// A metric, and where its values come from: the catalogue and the values are defined together.
struct MetricSource<Statistics>: Sendable {
    /// A value, with the values of the metric's own labels.
    struct Reading {
        var labels: [String] = []
        var value: KafkaMetric.Value
    }

    let metric: KafkaMetric
    let read: @Sendable (Statistics) -> [Reading]

    private init(
        _ name: String, _ kind: KafkaMetric.Kind, _ unit: String, _ labels: [String], _ meaning: String,
        _ read: @escaping @Sendable (Statistics) -> [Reading]
    ) {
        self.metric = KafkaMetric(
            name: name, kind: kind, unit: unit, labels: ["client_id", "client_type"] + labels, meaning: meaning)
        self.read = read
    }

    static func counter(
        _ name: String, of unit: String, _ meaning: String, _ value: @escaping @Sendable (Statistics) -> Int?
    ) -> MetricSource {
        MetricSource(name, .counter, unit, [], meaning) { statistics in
            value(statistics).map { [Reading(value: .number(Double($0)))] } ?? []
        }
    }

    static func gauge(
        _ name: String, of unit: String, _ meaning: String, _ value: @escaping @Sendable (Statistics) -> Double?
    ) -> MetricSource {
        MetricSource(name, .gauge, unit, [], meaning) { statistics in
            value(statistics).map { [Reading(value: .number($0))] } ?? []
        }
    }

    /// A metric that has a value for each element of the statistics, which its labels name.
    static func each<Element>(
        _ kind: KafkaMetric.Kind, _ name: String, of unit: String, by labels: [String], _ meaning: String,
        in elements: @escaping @Sendable (Statistics) -> [Element],
        labelled: @escaping @Sendable (Element) -> [String],
        _ value: @escaping @Sendable (Element) -> Double?
    ) -> MetricSource {
        MetricSource(name, kind, unit, labels, meaning) { statistics in
            elements(statistics).compactMap { element in
                value(element).map { Reading(labels: labelled(element), value: .number($0)) }
            }
        }
    }

    /// A distribution of times.
    static func times(
        _ name: String, _ meaning: String,
        _ value: @escaping @Sendable (Statistics) -> StatisticsDistribution<Duration>?
    ) -> MetricSource {
        MetricSource(name, .summary, "seconds", [], meaning) { statistics in
            value(statistics).map { [Reading(value: .summary(KafkaMetric.Summary($0, \.seconds)))] } ?? []
        }
    }

    /// A distribution of numbers.
    static func numbers(
        _ name: String, of unit: String, _ meaning: String,
        _ value: @escaping @Sendable (Statistics) -> StatisticsDistribution<Double>?
    ) -> MetricSource {
        MetricSource(name, .summary, unit, [], meaning) { statistics in
            value(statistics).map { [Reading(value: .summary(KafkaMetric.Summary($0) { $0 }))] } ?? []
        }
    }

    /// Returns the metric's values in these statistics.
    func samples(of statistics: Statistics, _ clientID: String, _ type: ClientType) -> [KafkaMetric.Sample] {
        self.read(statistics).map { reading in
            let values = [clientID, type.rawValue] + reading.labels
            return KafkaMetric.Sample(
                self.metric, labels: zip(self.metric.labels, values).map { KafkaMetric.Label($0, $1) },
                value: reading.value)
        }
    }
}

extension KafkaMetric.Summary {
    fileprivate init<Value>(_ distribution: StatisticsDistribution<Value>, _ number: (Value) -> Double) {
        var quantiles: [KafkaMetric.Quantile] = []
        if let recent = distribution.lastMinute {
            quantiles = [(0.5, recent.p50), (0.95, recent.p95), (0.99, recent.p99), (1, recent.maximum)].map {
                KafkaMetric.Quantile(share: $0, value: number($1))
            }
        }
        self.init(count: distribution.totalCount, sum: number(distribution.totalSum), quantiles: quantiles)
    }
}
