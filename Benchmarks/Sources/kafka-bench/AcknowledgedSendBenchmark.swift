// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// Sends records one after another, waiting for each acknowledgement, to measure the round trip.
struct AcknowledgedSendBenchmark {
    let cluster: KafkaClientConfiguration
    let topic: String

    func run(_ count: Int, _ payloads: Payloads) async throws {
        var configuration = ProducerConfiguration(self.cluster)
        configuration.linger = .zero
        let topic = self.topic
        try await KafkaProducer.withProducer(configuration) { producer in
            let clock = ContinuousClock()
            var record = ProducerRecord(topic: topic, partition: 0, value: payloads.values[0])
            for _ in 0..<100 { _ = try await producer.send(record) }
            var times: [Duration] = []
            times.reserveCapacity(count)
            let watch = Stopwatch()
            for index in 0..<count {
                record.value = payloads.values[index % payloads.values.count]
                let start = clock.now
                _ = try await producer.send(record)
                times.append(clock.now - start)
            }
            let (cpu, wall) = (watch.cpuSeconds, watch.wallSeconds)
            times.sort()
            print(
                #"{"n": \#(count), "err": 0, "cpu": \#(cpu), "wall": \#(wall), "p50_us": \#(times.microseconds(0.5)), "p99_us": \#(times.microseconds(0.99))}"#
            )
        }
    }
}
