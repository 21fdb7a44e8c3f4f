// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// What a client pushes of its metrics (KIP-714): a `MetricsData` of OpenTelemetry's protocol, as far as Kafka's clients use it.
package struct MetricsData: Hashable, Sendable {
    /// A name and its value, of the client or of a metric.
    package struct Attribute: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// How a value relates to time.
    package enum Kind: Hashable, Sendable {
        /// The value at `time`.
        case gauge
        /// The increase between `start` and `time`, which is the time since the last push.
        case deltaSum
        /// The increase between `start` and `time`, which is the life of the client.
        case cumulativeSum
    }

    /// A metric with one value.
    package struct Metric: Hashable, Sendable {
        package var name: String
        package var attributes: [Attribute]
        package var kind: Kind
        package var value: Double
        /// In nanoseconds since 1970; 0 for a gauge.
        package var start: UInt64
        /// In nanoseconds since 1970.
        package var time: UInt64

        package init(
            _ name: String, _ kind: Kind, _ value: Double, attributes: [Attribute] = [], start: UInt64 = 0,
            time: UInt64
        ) {
            self.name = name
            self.attributes = attributes
            self.kind = kind
            self.value = value
            self.start = start
            self.time = time
        }
    }

    /// What describes the client.
    package var client: [Attribute]
    package var metrics: [Metric]

    package init(client: [Attribute] = [], metrics: [Metric] = []) {
        self.client = client
        self.metrics = metrics
    }
}

/// The numbers of the fields, by their messages in OpenTelemetry's `metrics.proto`.
extension MetricsData {
    enum Field {
        enum MetricsData { static let resourceMetrics = 1 }
        enum ResourceMetrics { static let (resource, scopeMetrics) = (1, 2) }
        enum Resource { static let attributes = 1 }
        enum ScopeMetrics { static let metrics = 2 }
        enum Metric { static let (name, gauge, sum) = (1, 5, 7) }
        enum Sum { static let (dataPoints, temporality, isMonotonic) = (1, 2, 3) }
        enum DataPoint { static let (start, time, asDouble, asInt, attributes) = (2, 3, 4, 6, 7) }
        enum KeyValue { static let (key, value) = (1, 2) }
        enum AnyValue { static let string = 1 }
    }

    enum Temporality {
        static let (delta, cumulative): (UInt64, UInt64) = (1, 2)
    }
}
