// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// Writes one record after the other, and measures the time from before it is sent until it is read.
struct LatencyMeasurement: Sendable {
    let topic: String
    let count: Int
    let size: Int
    let cluster: KafkaClientConfiguration

    func run() async throws -> PerfReport {
        var sending = ProducerConfiguration(self.cluster)
        sending.linger = .zero
        return try await KafkaProducer.withProducer(sending) { producer in
            try await KafkaConsumer.withConsumer(ConsumerConfiguration(self.cluster), assigned: []) { consumer in
                let partitions = try await consumer.partitions(of: self.topic).map { TopicPartition(self.topic, $0) }
                try consumer.assign(partitions)
                for partition in partitions { try await consumer.seek(partition, to: .end) }
                return try await self.measure(producer, consumer)
            }
        }
    }

    private func measure(_ producer: KafkaProducer, _ consumer: KafkaConsumer) async throws -> PerfReport {
        let values = RandomText.values(min(self.count, 1000), size: self.size)
        let mark = Bytes("\(UInt64.random(in: 0...UInt64.max))")  // Others may write to the topic.
        var latencies = LatencyHistogram()
        var progress = PerfProgress()
        defer { progress.end() }
        var begun = ContinuousClock.now
        // The first record opens connections and isn't measured.
        for number in -1..<self.count {
            if number == 0 { begun = .now }
            let start = ContinuousClock.now
            let stored = try await producer.send(
                ProducerRecord(topic: self.topic, key: mark, value: values[max(number, 0) % values.count]))
            try await self.wait(for: stored, mark, consumer)
            if number >= 0 { latencies.add(.now - start) }
            progress.tell(records: number, of: self.count)
        }
        return PerfReport(
            what: "Records of \(self.size) bytes in \(self.topic): time from sending until read", records: self.count,
            bytes: self.count * self.size, time: .now - begun, latencies: latencies)
    }

    private func wait(for stored: RecordMetadata, _ mark: Bytes, _ consumer: KafkaConsumer) async throws {
        while true {
            let records = try await consumer.poll(max: 500, timeout: .seconds(30))
            guard !records.isEmpty else {
                throw Failure("A record in \(stored.topicPartition) was not read in 30 seconds.")
            }
            if records.contains(where: { $0.key == mark && $0.offset == stored.offset }) { return }
        }
    }
}
