// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// Writes transactions of a fixed number of records one after the other, and measures the time of each commit.
struct TransactionBenchmark {
    let cluster: KafkaClientConfiguration
    let topic: String
    let compression: Compression
    /// The number of records in a transaction.
    let size: Int

    func run(_ count: Int, _ payloads: Payloads) async throws {
        var configuration = ProducerConfiguration(self.cluster)
        configuration.compression = self.compression
        let (topic, size) = (self.topic, self.size)
        try await KafkaTransactionalProducer.withProducer(
            configuration, transactionalID: "bench-\(UInt32.random(in: 0 ... .max))"
        ) { producer in
            let clock = ContinuousClock()
            // The time from the last record to the end of the transaction.
            func transaction(from first: Int) async throws -> Duration {
                let written = try await producer.withTransaction { transaction in
                    for index in first..<first + size {
                        let value = payloads.values[index % payloads.values.count]
                        try await transaction.enqueue(ProducerRecord(topic: topic, value: value))
                    }
                    return clock.now
                }
                return clock.now - written
            }
            for index in 0..<20 { _ = try await transaction(from: index) }
            var times: [Duration] = []
            let watch = Stopwatch()
            for first in stride(from: 0, to: count, by: size) { times.append(try await transaction(from: first)) }
            let (cpu, wall) = (watch.cpuSeconds, watch.wallSeconds)
            times.sort()
            print(
                #"{"n": \#(times.count * size), "err": 0, "cpu": \#(cpu), "wall": \#(wall), "p50_us": \#(times.microseconds(0.5)), "p99_us": \#(times.microseconds(0.99))}"#
            )
        }
    }
}

extension [Duration] {
    /// A quantile of sorted times.
    func microseconds(_ quantile: Double) -> Double {
        let time = self[Swift.min(self.count - 1, Int(Double(self.count) * quantile))]
        return Double(time.components.attoseconds) / 1e12 + Double(time.components.seconds) * 1e6
    }
}
