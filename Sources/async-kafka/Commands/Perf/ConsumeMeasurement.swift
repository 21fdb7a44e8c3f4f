// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// Reads a topic from the beginning to the end, or a number of its records.
struct ConsumeMeasurement: Sendable {
    let topic: String
    let count: Int?
    let cluster: KafkaClientConfiguration

    func run() async throws -> PerfReport {
        try await KafkaAdminClient.withAdminClient(self.cluster) { admin in
            let topics = [WrittenPartitions(topic: self.topic, numbers: [])]
            return try await self.run(
                try await topics.existingPartitions(admin), StandstillCheck(admin, topics: [self.topic]))
        }
    }

    private func run(_ partitions: [TopicPartition], _ standstill: StandstillCheck) async throws -> PerfReport {
        var configuration = ConsumerConfiguration(self.cluster)
        configuration.cluster.allowAutoTopicCreation = false
        configuration.autoOffsetReset = .earliest
        return try await KafkaConsumer.withConsumer(configuration, assigned: []) { consumer in
            let reader = LogReader(
                consumer: consumer, standstill: standstill,
                positions: try await consumer.offsets(of: .beginning, in: partitions),
                ends: try await consumer.offsets(of: .end, in: partitions))
            var (records, bytes) = (0, 0)
            var progress = PerfProgress()
            defer { progress.end() }
            let begun = ContinuousClock.now
            try await reader.read { more in
                records += more.count
                for record in more { bytes += (record.key?.count ?? 0) + (record.value?.count ?? 0) }
                progress.tell(records: records, of: self.count)
                return self.count.map { records < $0 } ?? true
            }
            return PerfReport(
                what: "Reading \(self.topic)", records: records, bytes: bytes, time: .now - begun, latencies: nil)
        }
    }
}
