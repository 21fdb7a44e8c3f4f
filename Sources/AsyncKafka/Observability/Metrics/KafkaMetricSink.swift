// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Takes the values of metrics, for a monitoring system. Implement it to use your own.
///
/// ```swift
/// struct Gauges: KafkaMetricSink {
///     func record(_ sample: KafkaMetric.Sample) {
///         guard case .number(let value) = sample.value else { return }
///         gauge(sample.metric.name, sample.labels.map { ($0.name, $0.value) }).set(value)
///     }
/// }
///
/// producer.statistics().report(to: Gauges())
/// ```
public protocol KafkaMetricSink {
    /// Takes the value of a metric.
    func record(_ sample: KafkaMetric.Sample)
}

extension KafkaStatistics {
    /// Gives the values of all metrics to a sink, in the order of the catalogue.
    public func report(to sink: some KafkaMetricSink) {
        for sample in self.samples { sink.record(sample) }
    }
}
