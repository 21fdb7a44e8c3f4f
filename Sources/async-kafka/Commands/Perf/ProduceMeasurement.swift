// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Synchronization

/// Writes records and measures the time until each, or some of them, is acknowledged.
struct ProduceMeasurement: Sendable {
    let topic: String
    let count: Int
    let size: Int
    let keyCount: Int?
    /// Records a second, or nil for as many as possible.
    let rate: Int?
    let configuration: ProducerConfiguration

    func run() async throws -> PerfReport {
        try await KafkaProducer.withProducer(self.configuration) { producer in
            _ = try await producer.partitions(of: self.topic)  // Connecting isn't measured.
            let latencies = LatencyRecorder()
            let begun = ContinuousClock.now
            let counter = try await withThrowingTaskGroup(of: Void.self) { group in
                try await self.feed(producer, &group, latencies, since: begun)
            }
            if let error = counter.firstError { throw error }
            return PerfReport(
                what: "\(self.count.grouped) records of \(self.size) bytes to \(self.topic): time until acknowledged",
                records: counter.acknowledged, bytes: counter.acknowledged * self.size, time: .now - begun,
                latencies: latencies.histogram)
        }
    }

    private func feed(
        _ producer: KafkaProducer, _ group: inout ThrowingTaskGroup<Void, any Error>, _ latencies: LatencyRecorder,
        since begun: ContinuousClock.Instant
    ) async throws -> DeliveryCounter {
        let values = RandomText.values(min(self.count, 1000), size: self.size)
        var counter = DeliveryCounter()
        var progress = PerfProgress()
        defer { progress.end() }
        // Of many records only some are timed, because each one takes a task that waits.
        let stride = max(1, self.count / 20_000)
        for number in 0..<self.count {
            // Keeps the pace that the user wants.
            if let rate, number % max(1, rate / 1000) == 0 {
                try await Task.sleep(until: begun + .seconds(1) * number / rate)
            }
            let record = ProducerRecord(
                topic: self.topic, key: self.keyCount.map { Bytes("\(number % $0)") },
                value: values[number % values.count])
            let start = ContinuousClock.now
            let delivery = try await producer.enqueue(record)
            if number % stride == 0 {
                group.addTask {
                    guard (try? await delivery.metadata) != nil else { return }
                    latencies.add(.now - start)
                }
            }
            try await counter.add(delivery)
            if number % 1000 == 0 { progress.tell(records: number, of: self.count) }
        }
        await counter.finish()
        try Task.checkCancellation()
        return counter
    }
}

/// Durations that many tasks measure.
private final class LatencyRecorder: Sendable {
    private let recorded = Mutex(LatencyHistogram())

    func add(_ duration: Duration) { self.recorded.withLock { $0.add(duration) } }

    var histogram: LatencyHistogram { self.recorded.withLock { $0 } }
}
