// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if SwiftMetrics
import AsyncKafka
import EmbeddedKafka
import MetricsTestKit
import Testing

/// The metrics of clients as swift-metrics' (trait `SwiftMetrics`).
@Suite(.timeLimit(.minutes(1))) struct SwiftMetricsTests {
    private let metrics = TestMetrics()

    @Test func countersAreIncreasedByWhatWasCountedSince() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            let sink = SwiftMetricsSink(self.metrics)
            try await KafkaProducer.withProducer(kafka.producing { $0.cluster.clientID = "shop" }) { producer in
                for count in [3, 2] {
                    for _ in 0..<count { _ = try await producer.send(ProducerRecord(topic: "t", value: "x")) }
                    producer.statistics().report(to: sink)
                }
            }
            let counters = self.metrics.counters.filter { $0.label == "kafka_producer_records_total" }
            #expect(counters.map(\.totalValue) == [5])
            #expect(counters.first?.dimensions.contains { $0 == ("client_id", "shop") } == true)
        }
    }

    @Test func everyMetricOfAClientArrives() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                _ = try await producer.send(ProducerRecord(topic: "t", value: "x"))
                let statistics = producer.statistics()
                statistics.report(to: SwiftMetricsSink(self.metrics))
                let arrived = Set((self.metrics.counters.map(\.label) + self.metrics.meters.map(\.label)))
                for sample in statistics.samples {
                    let name = sample.metric.name
                    #expect(arrived.contains(name) || arrived.contains(name + "_count"), "\(name)")
                }
            }
        }
    }
}
#endif
