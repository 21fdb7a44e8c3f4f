// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// Lets 1000 tasks send records with keys, each one record after another, waiting for each acknowledgement.
struct ManySendersBenchmark {
    let cluster: KafkaClientConfiguration
    let topic: String
    let compression: Compression

    private static let tasks = 1000

    func run(_ count: Int, _ payloads: Payloads) async throws {
        var configuration = ProducerConfiguration(self.cluster)
        configuration.compression = self.compression
        let topic = self.topic
        try await KafkaProducer.withProducer(configuration) { producer in
            _ = try await producer.partitions(of: topic)
            let keys = Keys()
            let watch = Stopwatch()
            let failed = await withTaskGroup(of: Int.self) { group in
                for first in 0..<min(Self.tasks, count) {
                    group.addTask {
                        var failed = 0
                        for index in stride(from: first, to: count, by: Self.tasks) {
                            let value = payloads.values[index % payloads.values.count]
                            do {
                                _ = try await producer.send(
                                    ProducerRecord(topic: topic, key: keys[index], value: value))
                            } catch {
                                failed += 1
                            }
                        }
                        return failed
                    }
                }
                return await group.reduce(0, +)
            }
            print(
                #"{"n": \#(count), "err": \#(failed), "cpu": \#(watch.cpuSeconds), "wall": \#(watch.wallSeconds)}"#)
        }
    }
}
