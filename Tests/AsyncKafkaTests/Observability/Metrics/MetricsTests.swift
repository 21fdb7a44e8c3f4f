// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import Foundation
import KafkaTestSupport
import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(1))) struct MetricsTests {
    private let clock = TestClock()

    private final class Samples: KafkaMetricSink {
        var all: [KafkaMetric.Sample] = []
        func record(_ sample: KafkaMetric.Sample) { self.all.append(sample) }
    }

    /// Runs `body` with the statistics of a producer and a consumer that have done some work.
    private func withStatistics(
        _ body: @escaping @Sendable (ProducerStatistics, ConsumerStatistics) throws -> Void
    ) async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            try await kafka.createTopic("t")
            var configuration = kafka.producing { $0.cluster.clock = self.clock.loopClock }
            configuration.cluster.clientID = "writer"
            var consuming = kafka.consuming("g")
            consuming.cluster.clientID = "reader"
            try await KafkaTransactionalProducer.withProducer(configuration, transactionalID: "x") { producer in
                try await producer.withTransaction { transaction in
                    for number in 0..<3 {
                        try await transaction.enqueue(ProducerRecord(topic: "t", partition: 0, value: "\(number)"))
                    }
                }
                try await KafkaConsumer.withConsumer(consuming, subscribedTo: ["t"]) { consumer in
                    _ = try await consumer.poll(max: 2, timeout: .seconds(20))
                    try await consumer.commit()
                    // An open batch has metrics of its partition.
                    try await producer.withTransaction { transaction in
                        try await transaction.enqueue(ProducerRecord(topic: "t", partition: 0, value: "open"))
                        try body(producer.statistics(), consumer.statistics())
                    }
                }
            }
        }
    }

    @Test func namesAreUniqueAndFollowTheConventions() {
        let names = KafkaMetric.all.map(\.name)
        #expect(Set(names).count == names.count)
        for metric in KafkaMetric.all {
            #expect(metric.name.wholeMatch(of: /kafka_(client|producer|consumer)(_[a-z]+)+/) != nil)
            #expect((metric.kind == .counter) == metric.name.hasSuffix("_total"), "\(metric.name)")
            let base = metric.name.replacingOccurrences(of: "_total", with: "")
            for unit in ["seconds", "bytes"] {
                #expect((metric.unit == unit) == base.hasSuffix("_\(unit)"), "\(metric.name)")
            }
            #expect(metric.meaning.hasSuffix(".") && metric.labels.starts(with: ["client_id", "client_type"]))
        }
    }

    @Test func everyMetricHasAValueAndTheValuesAreThoseOfTheStatistics() async throws {
        try await self.withStatistics { producer, consumer in
            let samples = Samples()
            producer.report(to: samples)
            consumer.report(to: samples)
            let missing = Set(KafkaMetric.all).subtracting(samples.all.map(\.metric))
            #expect(missing.map(\.name).sorted() == [])
            func value(_ name: String, _ labels: [String: String]) -> KafkaMetric.Value? {
                samples.all.first { sample in
                    sample.metric.name == name
                        && Dictionary(uniqueKeysWithValues: sample.labels.map { ($0.name, $0.value) }) == labels
                }?.value
            }
            #expect(
                value("kafka_producer_records_total", ["client_id": "writer", "client_type": "producer"]) == .number(3))
            #expect(
                value(
                    "kafka_consumer_lag",
                    ["client_id": "reader", "client_type": "consumer", "topic": "t", "partition": "0"])
                    == .number(Double(consumer.lag)))
            #expect(consumer.lag >= 1)
            #expect(
                value("kafka_consumer_group_member", ["client_id": "reader", "client_type": "consumer", "group": "g"])
                    == .number(1))
            guard
                case .summary(let latency) = value(
                    "kafka_producer_send_latency_seconds", ["client_id": "writer", "client_type": "producer"])
            else {
                Issue.record("no latency")
                return
            }
            #expect(latency.count == 1 && latency.sum == producer.sendLatency.totalSum.seconds)
            #expect(latency.quantiles.map(\.share) == [0.5, 0.95, 0.99, 1])
        }
    }

    @Test func thePrometheusTextHasEachMetricOnceWithTheSamplesOfAllClients() async throws {
        try await self.withStatistics { producer, consumer in
            let text = PrometheusText.render([producer, consumer])
            for part in [
                "# HELP kafka_producer_records_total The records that were acknowledged.\n"
                    + "# TYPE kafka_producer_records_total counter\nkafka_producer_records_total{client_id=\"writer\",client_type=\"producer\"} 3\n",
                "# TYPE kafka_producer_send_latency_seconds summary\n"
                    + "kafka_producer_send_latency_seconds{client_id=\"writer\",client_type=\"producer\",quantile=\"0.5\"} ",
                "kafka_producer_send_latency_seconds_count{client_id=\"writer\",client_type=\"producer\"} 1\n",
                "kafka_client_connections_opened_total{client_id=\"writer\",client_type=\"producer\"} ",
                "kafka_client_connections_opened_total{client_id=\"reader\",client_type=\"consumer\"} ",
                "kafka_consumer_lag{client_id=\"reader\",client_type=\"consumer\",topic=\"t\",partition=\"0\"} \(consumer.lag)\n",
            ] {
                #expect(text.contains(part), "\(part)")
            }
            for line in text.split(separator: "\n") where !line.hasPrefix("#") {
                #expect(line.wholeMatch(of: /[a-z_]+\{([a-z_]+="[^"]*",?)+\} -?[0-9.e+-]+/) != nil, "\(line)")
            }
            #expect(text.split(separator: "\n").filter { $0.hasPrefix("# TYPE") }.count == KafkaMetric.all.count)
        }
    }

    @Test func labelsAreEscaped() async throws {
        try await self.clock.withAdminClient(EmbeddedKafka.Configuration()) { _, admin in
            var statistics = admin.statistics()
            statistics.clientID = "a \"b\" \\ c\nd \"\u{301}"
            let labels = "{client_id=\"a \\\"b\\\" \\\\ c\\nd \\\"\u{301}\",client_type=\"admin\"} "
            #expect(PrometheusText.render([statistics]).contains(labels))
        }
    }

    /// A scrape with the same labels twice is refused as a whole.
    @Test func clientsWithTheSameIDHaveSeriesOfTheirOwn() async throws {
        try await self.withStatistics { producer, consumer in
            var (first, second, third, reader) = (producer, producer, producer, consumer)
            first.client.clientID = "same"
            second.client.clientID = "same"
            third.client.clientID = "same-2"
            reader.client.clientID = "same"
            let text = PrometheusText.render([first, second, third, reader])
            let series = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.prefix { $0 != " " } }
            #expect(Set(series).count == series.count)
            let name = "kafka_client_connections_opened_total"
            for labels in [
                "client_id=\"same\",client_type=\"producer\"", "client_id=\"same-2\",client_type=\"producer\"",
                "client_id=\"same-2-2\",client_type=\"producer\"", "client_id=\"same\",client_type=\"consumer\"",
            ] {
                #expect(text.contains("\(name){\(labels)} "), "\(labels)")
            }
        }
    }
}
