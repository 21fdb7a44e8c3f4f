// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension ClientStatistics {
    /// The values under Kafka's names that producers and consumers have in common.
    ///
    /// - Parameter prefix: the beginning of the names, such as `org.apache.kafka.producer.`.
    func telemetry(_ prefix: String) -> [TelemetryValue] {
        var values = TelemetryValues(prefix)
        values.count("connection.creation", self.connectionsOpened)
        let open = self.connections.filter { $0.state == .open || $0.state == .paused }
        values.gauge("connection.count", Double(open.count))
        values.count("request", self.requests)
        values.count("outgoing.byte", self.bytesSent)
        values.count("incoming.byte", self.bytesReceived)
        for (broker, times) in self.roundTrips {
            values.times("node.request.latency", times, [MetricsData.Attribute("node_id", "node-\(broker)")])
        }
        return values.values
    }

    /// The round trips of each broker, on all connections to it.
    private var roundTrips: [(broker: Int32, times: StatisticsDistribution<Duration>)] {
        var brokers: [Int32: StatisticsDistribution<Duration>] = [:]
        for connection in self.connections {
            guard let id = connection.broker.id, let recent = connection.roundTrip.lastMinute else { continue }
            guard var sum = brokers[id]?.lastMinute else {
                brokers[id] = connection.roundTrip
                continue
            }
            let total = sum.mean * sum.count + recent.mean * recent.count
            sum.count += recent.count
            sum.mean = total / max(1, sum.count)
            sum.maximum = max(sum.maximum, recent.maximum)
            brokers[id]?.lastMinute = sum
        }
        return brokers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// The mean and the maximum pause in milliseconds. Answers without a pause count as zero, as they do in Kafka's clients.
    var telemetryThrottling: (average: Double, maximum: Double) {
        guard let pauses = self.throttleTime.lastMinute else { return (0, 0) }
        let requests = self.requests.perSecond * min(60, max(1, self.age / .seconds(1)))
        let total = pauses.mean / .milliseconds(1) * Double(pauses.count)
        return (total / max(requests, Double(pauses.count)), pauses.maximum / .milliseconds(1))
    }
}
