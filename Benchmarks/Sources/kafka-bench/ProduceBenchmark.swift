// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// Enqueues records as fast as the producer accepts them, and flushes.
struct ProduceBenchmark {
    let cluster: KafkaClientConfiguration
    let topic: String
    let compression: Compression
    /// Nil for records without keys.
    var keys: Keys?

    func run(_ count: Int, _ payloads: Payloads) async throws {
        var configuration = ProducerConfiguration(self.cluster)
        configuration.compression = self.compression
        let (topic, keys) = (self.topic, self.keys)
        try await KafkaProducer.withProducer(configuration) { producer in
            _ = try await producer.partitions(of: topic)
            var record = ProducerRecord(topic: topic, value: payloads.values[0])
            let watch = Stopwatch()
            var failed = 0
            for index in 0..<count {
                record.value = payloads.values[index % payloads.values.count]
                if let keys { record.key = keys[index] }
                do { try await producer.enqueue(record) } catch { failed += 1 }
            }
            do { try await producer.flush() } catch { failed += 1 }
            print(
                #"{"n": \#(count), "err": \#(failed), "cpu": \#(watch.cpuSeconds), "wall": \#(watch.wallSeconds)}"#)
        }
    }
}
