// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// Sends one record at a time and reads it, to measure the time from the one to the other.
struct RoundTripBenchmark {
    private struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let cluster: KafkaClientConfiguration
    let topic: String

    func run(_ count: Int, _ payloads: Payloads) async throws {
        var producing = ProducerConfiguration(self.cluster)
        producing.linger = .zero
        var consuming = ConsumerConfiguration(self.cluster)
        consuming.autoOffsetReset = .latest
        let partition = TopicPartition(self.topic, 0)
        try await KafkaProducer.withProducer(producing) { producer in
            try await KafkaConsumer.withConsumer(consuming, assigned: [partition]) { consumer in
                // A record that is sent before the consumer knows its position would not be read.
                _ = try await consumer.position(of: partition)
                try await self.measure(count, payloads, producer, consumer)
            }
        }
    }

    private func measure(
        _ count: Int, _ payloads: Payloads, _ producer: KafkaProducer, _ consumer: KafkaConsumer
    ) async throws {
        let clock = ContinuousClock()
        var record = ProducerRecord(topic: self.topic, partition: 0, value: payloads.values[0])
        var records = consumer.records.makeAsyncIterator()
        var times: [Duration] = []
        times.reserveCapacity(count)
        var watch = Stopwatch()
        for index in -100..<count {
            if index == 0 { watch = Stopwatch() }
            record.value = payloads.values[(index + 100) % payloads.values.count]
            let start = clock.now
            let delivery = try await producer.enqueue(record)
            let read = try await records.next()
            let time = clock.now - start
            guard let read, try await delivery.metadata.offset == read.offset else {
                throw Failure(description: "Another record was read than the one that was sent.")
            }
            if index >= 0 { times.append(time) }
        }
        guard !times.isEmpty else { throw Failure(description: "Measure at least one record.") }
        let (cpu, wall) = (watch.cpuSeconds, watch.wallSeconds)
        times.sort()
        print(
            #"{"n": \#(times.count), "err": 0, "cpu": \#(cpu), "wall": \#(wall), "p50_us": \#(times.microseconds(0.5)), "p99_us": \#(times.microseconds(0.99))}"#
        )
    }
}
