// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Makes the content of a push from the values of a client, and remembers what was pushed, for the increases since then. Pure.
struct TelemetryLedger: Sendable {
    private struct Pushed: Sendable {
        let total: Double
        let time: UInt64
    }

    /// The totals that the broker knows as increases.
    private var pushed: [TelemetryValue.Key: Pushed] = [:]

    /// Returns the metrics that a broker wants.
    ///
    /// - Parameter time: in nanoseconds since 1970.
    func metrics(
        of reading: TelemetryReading, for subscription: TelemetrySubscription, time: UInt64
    ) -> [MetricsData.Metric] {
        let created = time - min(time, UInt64(max(0, reading.age / .nanoseconds(1))))
        return reading.values.filter { subscription.wants($0.name) }.map { value in
            guard value.isTotal else {
                return MetricsData.Metric(
                    value.name, .gauge, value.value, attributes: value.attributes, time: time)
            }
            guard subscription.isDelta else {
                return MetricsData.Metric(
                    value.name, .cumulativeSum, value.value, attributes: value.attributes, start: created, time: time)
            }
            let before = self.pushed[value.key]
            return MetricsData.Metric(
                value.name, .deltaSum, max(0, value.value - (before?.total ?? 0)), attributes: value.attributes,
                // The wall clock may have been set back since then.
                start: min(before?.time ?? created, time), time: time)
        }
    }

    /// A push was taken, or may have been: it isn't known of one without an answer, and no increase must count twice.
    mutating func notePush(of reading: TelemetryReading, for subscription: TelemetrySubscription, time: UInt64) {
        guard subscription.isDelta else {
            self.pushed = [:]
            return
        }
        for value in reading.values where value.isTotal && subscription.wants(value.name) {
            self.pushed[value.key] = Pushed(total: value.value, time: time)
        }
    }
}
