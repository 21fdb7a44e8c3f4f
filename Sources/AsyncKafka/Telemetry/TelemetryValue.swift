// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The value of a metric under Kafka's name, as brokers want it (KIP-714).
struct TelemetryValue: Hashable, Sendable {
    var name: String
    var attributes: [MetricsData.Attribute] = []
    /// Whether it is a total that only increases.
    var isTotal: Bool
    var value: Double
}

/// What a client can push at a moment.
struct TelemetryReading: Sendable {
    /// What describes the client.
    var client: [MetricsData.Attribute]
    /// The time since the client was created.
    var age: Duration
    var values: [TelemetryValue]
}

/// Collects values whose names begin alike, in the units of Kafka's metrics: milliseconds and bytes.
struct TelemetryValues {
    let prefix: String
    private(set) var values: [TelemetryValue] = []

    init(_ prefix: String) {
        self.prefix = prefix
    }

    mutating func total(_ name: String, _ value: Double) {
        self.values.append(TelemetryValue(name: self.prefix + name, isTotal: true, value: value))
    }

    mutating func gauge(_ name: String, _ value: Double?, _ attributes: [MetricsData.Attribute] = []) {
        guard let value else { return }
        self.values.append(
            TelemetryValue(name: self.prefix + name, attributes: attributes, isTotal: false, value: value))
    }

    /// A total and its rate per second.
    mutating func count(_ name: String, _ count: StatisticsCount) {
        self.total("\(name).total", Double(count.total))
        self.gauge("\(name).rate", count.perSecond)
    }

    /// The mean and the maximum of the last minute. Nothing if there were no values.
    mutating func times(
        _ name: String, _ times: StatisticsDistribution<Duration>, _ attributes: [MetricsData.Attribute] = []
    ) {
        self.gauge("\(name).avg", times.lastMinute?.mean.telemetryMilliseconds, attributes)
        self.gauge("\(name).max", times.lastMinute?.maximum.telemetryMilliseconds, attributes)
    }

    mutating func sizes(_ name: String, _ sizes: StatisticsDistribution<Double>) {
        self.gauge("\(name).avg", sizes.lastMinute?.mean)
        self.gauge("\(name).max", sizes.lastMinute?.maximum)
    }
}

extension Duration {
    /// Kafka's unit of times.
    var telemetryMilliseconds: Double { self / .milliseconds(1) }
}
