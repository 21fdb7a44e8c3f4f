// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if SwiftMetrics
import KafkaMemory
public import Metrics

/// Passes the metrics of clients to swift-metrics (trait `SwiftMetrics`).
///
/// ```swift
/// let sink = SwiftMetricsSink()
/// while !Task.isCancelled {
///     producer.statistics().report(to: sink)
///     try await Task.sleep(for: .seconds(10))
/// }
/// ```
///
/// Gauges are meters, and counters are floating-point counters, which are increased by what was counted since the last report. A summary
/// is two counters, `_count` and `_sum`, and a meter for each quantile with the dimension `quantile`. Keep one sink for all reports.
public final class SwiftMetricsSink: KafkaMetricSink, Sendable {
    private struct Series: Hashable {
        let name: String
        let labels: [KafkaMetric.Label]
    }

    private let chosen: (any MetricsFactory)?
    /// Counters live on, because many systems keep the fractions that are not counted yet in them.
    private let counters = Lock([Series: (counter: FloatingPointCounter, total: Double)]())

    /// Creates a sink.
    ///
    /// - Parameter factory: Where the metrics go. Default: the process's factory (`MetricsSystem`).
    public init(_ factory: (any MetricsFactory)? = nil) {
        self.chosen = factory
    }

    /// Passes the value of a metric on. Several tasks may report.
    public func record(_ sample: KafkaMetric.Sample) {
        let name = sample.metric.name
        switch sample.value {
        case .number(let value) where sample.metric.kind == .counter:
            self.count(name, sample.labels, value)
        case .number(let value):
            self.set(name, sample.labels, value)
        case .summary(let summary):
            self.count(name + "_count", sample.labels, Double(summary.count))
            self.count(name + "_sum", sample.labels, summary.sum)
            for quantile in summary.quantiles {
                self.set(name, sample.labels + [.init("quantile", "\(quantile.share)")], quantile.value)
            }
        @unknown default:
            break
        }
    }

    private func set(_ name: String, _ labels: [KafkaMetric.Label], _ value: Double) {
        Meter(label: name, dimensions: labels.map { ($0.name, $0.value) }, factory: self.factory).set(value)
    }

    private func count(_ name: String, _ labels: [KafkaMetric.Label], _ total: Double) {
        let (counter, increase) = self.counters.withLock { counters in
            let series = Series(name: name, labels: labels)
            let known = counters[series]
            let counter =
                known?.counter
                ?? FloatingPointCounter(
                    label: name, dimensions: labels.map { ($0.name, $0.value) }, factory: self.factory)
            counters[series] = (counter, total)
            // A smaller total is that of a new client with the same labels.
            let last = known.map { $0.total > total ? 0 : $0.total } ?? 0
            return (counter, total - last)
        }
        counter.increment(by: increase)
    }

    private var factory: any MetricsFactory { self.chosen ?? MetricsSystem.factory }
}
#endif
