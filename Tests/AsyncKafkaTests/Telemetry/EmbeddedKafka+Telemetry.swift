// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory

@testable import AsyncKafka

extension EmbeddedKafka.Configuration {
    /// Brokers that want all metrics of clients.
    static func wantingMetrics(every interval: Duration = .seconds(10), brokers: Int = 1) -> Self {
        var configuration = EmbeddedKafka.Configuration(brokers: brokers)
        configuration.metricsSubscription = EmbeddedKafka.MetricsSubscription(interval: interval)
        return configuration
    }
}

extension EmbeddedKafka {
    /// The number of requests about metrics.
    var telemetryRequests: Int {
        self.requests.count { $0.api == .getTelemetrySubscriptions || $0.api == .pushTelemetry }
    }

    /// The brokers to which metrics were pushed, in order.
    var pushedTo: [Int] { self.requests.filter { $0.api == .pushTelemetry }.map(\.broker) }
}

extension EmbeddedKafka.PushedMetrics {
    /// The records that a producer says it has sent: since the last push, or since its creation.
    var sentRecords: Double? { self.value(of: "org.apache.kafka.producer.record.send.total") }
}

extension ProducerRecord {
    /// A record for a partition of the topic `t`.
    static func telemetry(_ value: String = "v", partition: Int32 = 0) -> ProducerRecord {
        ProducerRecord(topic: "t", partition: partition, value: Bytes(value))
    }
}
