// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

// The code in the article about logging, metrics and tracing.

import AsyncKafka

// snippet: own-log
/// Sends events to a logging system.
struct ServiceLog: KafkaLog {
    var minimum = KafkaLogLevel.info

    func isEnabled(_ level: KafkaLogLevel) -> Bool { level >= self.minimum }

    func log(_ level: KafkaLogLevel, _ message: String, metadata: [(key: String, value: String)]) {
        let fields = metadata.map { " \($0.key)=\($0.value.debugDescription)" }.joined()
        print("level=\(level) message=\(message.debugDescription)\(fields)")
    }
}
// snippet end

// snippet: own-sink
/// Sends the values of gauges and counters to a monitoring system, as StatsD takes them.
struct StatsD: KafkaMetricSink {
    let send: (String) -> Void

    func record(_ sample: KafkaMetric.Sample) {
        let tags = sample.labels.map { "\($0.name):\($0.value)" }.joined(separator: ",")
        switch sample.value {
        case .number(let value):
            self.send("\(sample.metric.name):\(value)|g|#\(tags)")
        case .summary(let summary):
            for quantile in summary.quantiles {
                self.send("\(sample.metric.name).\(quantile.share):\(quantile.value)|g|#\(tags)")
            }
        @unknown default: break
        }
    }
}
// snippet end

// snippet: own-observer
/// Writes a line for each batch that took longer than a second to be stored.
struct SlowBatches: KafkaObserver {
    func observe(_ event: KafkaEvent) {
        guard case .batchAcknowledged(let batch) = event, batch.duration > .seconds(1) else { return }
        print("\(batch.topicPartition): \(batch.records) records took \(batch.duration)")
    }
}
// snippet end

func observe(_ cluster: KafkaClientConfiguration) throws {
    // snippet: observe
    var cluster = cluster
    cluster.clientID = "billing"
    cluster.log = ServiceLog()
    cluster.observer = SlowBatches()
    // snippet end
    _ = cluster
}

func statistics(_ producer: KafkaProducer, _ consumer: KafkaConsumer) {
    // snippet: statistics
    print(producer.statistics())

    let statistics = consumer.statistics()
    if let latency = statistics.fetchLatency.lastMinute {
        print("lag \(statistics.lag), fetches took \(latency.p50), at most \(latency.maximum)")
    }
    print(statistics.json)
    // snippet end
}

func health(_ consumer: KafkaConsumer) -> (status: Int, body: String) {
    // snippet: health
    let health = consumer.health
    return (health.isReady ? 200 : 503, "\(health)")
    // snippet end
}

func metrics(_ producer: KafkaProducer, _ consumer: KafkaConsumer) async throws {
    // snippet: prometheus
    let body = PrometheusText.render([producer.statistics(), consumer.statistics()])
    // snippet end
    print(PrometheusText.contentType, body)
    // snippet: report
    while !Task.isCancelled {
        producer.statistics().report(to: StatsD { print($0) })
        try await Task.sleep(for: .seconds(10))
    }
    // snippet end
}
