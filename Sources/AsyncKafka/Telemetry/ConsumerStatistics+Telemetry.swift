// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension ConsumerStatistics {
    /// The values under the names of Kafka's consumer.
    ///
    /// - Parameters:
    ///   - rebalances: the durations of rebalances.
    ///   - idleRatio: the share of its time that the reader waits for records.
    func telemetry(
        rebalances: StatisticsDistribution<Duration>, idleRatio: StatisticsDistribution<Double>
    ) -> [TelemetryValue] {
        let prefix = "org.apache.kafka.consumer."
        var values = TelemetryValues(prefix)
        values.gauge("poll.idle.ratio.avg", idleRatio.lastMinute?.mean)
        return self.client.telemetry(prefix) + values.values + self.fetchTelemetry("\(prefix)fetch.manager.")
            + self.coordinatorTelemetry("\(prefix)coordinator.", rebalances: rebalances)
    }

    private func fetchTelemetry(_ prefix: String) -> [TelemetryValue] {
        var values = TelemetryValues(prefix)
        values.times("fetch.latency", self.fetchLatency)
        values.sizes("fetch.size", self.fetchSize)
        values.total("fetch.total", Double(self.fetchLatency.totalCount))
        let throttling = self.client.telemetryThrottling
        values.gauge("fetch.throttle.time.avg", throttling.average)
        values.gauge("fetch.throttle.time.max", throttling.maximum)
        values.count("records.consumed", self.records)
        values.count("bytes.consumed", self.bytes)
        values.gauge("records.lag.max", self.partitions.compactMap(\.lag).max().map(Double.init))
        return values.values
    }

    private func coordinatorTelemetry(
        _ prefix: String, rebalances: StatisticsDistribution<Duration>
    ) -> [TelemetryValue] {
        var values = TelemetryValues(prefix)
        values.gauge("assigned.partitions", Double(self.partitions.count))
        values.times("commit.latency", self.commitLatency)
        values.total("commit.total", Double(self.commitLatency.totalCount))
        guard let group = self.group else { return values.values }
        values.times("rebalance.latency", rebalances)
        values.total("rebalance.latency.total", group.rebalanceTime / .milliseconds(1))
        values.total("rebalance.total", Double(group.rebalances))
        return values.values
    }
}
