// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// `page-views count`: a member of the group that counts.
struct Count {
    let topic: String
    let group: String
    let store: String
    /// When to end: when this long nothing came, and all there is has been counted by the group. Never if nil.
    var untilIdle: Duration?
    /// What this member is called in what it prints.
    var name = "count"
    /// Ends it gracefully.
    let stop = StopSignal()

    func run() async throws {
        let cluster = KafkaClientConfiguration.fromEnvironment()
        try await cluster.require(self.topic)
        self.stop.requestOnInterrupt()
        try await self.run(on: cluster)
    }

    func run(on cluster: KafkaClientConfiguration) async throws {
        let store = try TallyStore(creating: self.store)
        let counter = PageViewCounter(store: store, name: self.name)

        var configuration = ConsumerConfiguration(cluster, groupID: self.group)
        configuration.enableAutoCommit = false  // The store keeps the offsets, together with the counts.
        configuration.autoOffsetReset = .none  // If Kafka has deleted what was never counted, that is an error.
        configuration.sessionTimeout = .seconds(6)  // How soon others take over from a member that was killed.
        configuration.heartbeatInterval = .seconds(1)

        try await KafkaConsumer.withConsumer(configuration, subscribedTo: [self.topic], listener: counter) { consumer in
            var progress = Progress()
            var lastRecord = ContinuousClock.now
            var lastSave = ContinuousClock.now
            while !self.stop.isRequested {
                let records = try await consumer.poll(max: 10_000, timeout: .milliseconds(250))
                await counter.count(records)
                let counted = await counter.counted
                progress.say("\(self.name): \(counted.grouped) views counted")

                let now = ContinuousClock.now
                if !records.isEmpty { lastRecord = now }
                if now - lastSave >= .seconds(1) {
                    try await counter.save(consumer)
                    lastSave = now
                }
                if let untilIdle, now - lastRecord >= untilIdle, try await self.isAllCounted(in: store, consumer) {
                    break
                }
            }
        }  // Here the listener has saved the tallies, and the partitions are somebody else's.
        try await say("\(self.name): done, \(counter.counted.grouped) views counted")
    }

    /// Whether the store has all that is in the topic, no matter which member counted it.
    private func isAllCounted(in store: TallyStore, _ consumer: KafkaConsumer) async throws -> Bool {
        let partitions = try await consumer.partitions(of: self.topic).map { TopicPartition(self.topic, $0) }
        return try await consumer.endOffsets(of: partitions).allSatisfy { partition, end in
            try (store.load(partition) ?? Tally()).nextOffset >= end
        }
    }
}
