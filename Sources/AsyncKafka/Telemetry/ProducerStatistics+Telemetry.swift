// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension ProducerStatistics {
    /// The values under the names of Kafka's producer.
    ///
    /// - Parameter queueTime: the times from the creation of a batch to its first request.
    func telemetry(queueTime: StatisticsDistribution<Duration>) -> [TelemetryValue] {
        let prefix = "org.apache.kafka.producer."
        var values = TelemetryValues(prefix)
        values.times("record.queue.time", queueTime)
        values.times("request.latency", self.client.requestLatency)
        let throttling = self.client.telemetryThrottling
        values.gauge("produce.throttle.time.avg", throttling.average)
        values.gauge("produce.throttle.time.max", throttling.maximum)
        values.count("record.send", self.records)
        values.count("record.error", self.failedRecords)
        values.sizes("batch.size", self.batchSize)
        values.gauge("compression.rate.avg", self.compressionRatio.lastMinute?.mean)
        values.gauge("buffer.total.bytes", Double(self.buffer.size))
        values.gauge("buffer.available.bytes", Double(self.buffer.size - self.buffer.used))
        values.gauge("requests.in.flight", Double(self.client.connections.reduce(0) { $0 + $1.requestsInFlight }))
        return self.client.telemetry(prefix) + values.values
    }
}
