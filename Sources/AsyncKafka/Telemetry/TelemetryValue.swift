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

    /// What tells a value from the others of a reading.
    struct Key: Hashable, Sendable {
        let name: String
        let attributes: [MetricsData.Attribute]
    }

    var key: Key { Key(name: self.name, attributes: self.attributes) }
}

/// What a client can push at a moment.
struct TelemetryReading: Sendable {
    /// What describes the client.
    var client: [MetricsData.Attribute]
    /// The time since the client was created.
    var age: Duration
    var values: [TelemetryValue]

    /// Returns this reading with the age and the totals of a later one.
    func withTotals(of later: TelemetryReading) -> TelemetryReading {
        let totals = Dictionary(later.values.filter(\.isTotal).map { ($0.key, $0.value) }) { $1 }
        var reading = self
        reading.age = later.age
        for index in reading.values.indices where reading.values[index].isTotal {
            let value = reading.values[index]
            reading.values[index].value = max(value.value, totals[value.key] ?? 0)
        }
        return reading
    }
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
        self.gauge("\(name).avg", times.lastMinute.map { $0.mean / .milliseconds(1) }, attributes)
        self.gauge("\(name).max", times.lastMinute.map { $0.maximum / .milliseconds(1) }, attributes)
    }

    mutating func sizes(_ name: String, _ sizes: StatisticsDistribution<Double>) {
        self.gauge("\(name).avg", sizes.lastMinute?.mean)
        self.gauge("\(name).max", sizes.lastMinute?.maximum)
    }
}
