// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `page-views count`: a member of the consumer group that counts.
struct Count {
    private static let topicOption = RequiredOption("--topic", .text("TOPIC"), "The topic.")
    private static let groupOption = RequiredOption("--group", .text("GROUP"), "The consumer group.")
    private static let untilIdleOption = Option(
        "--until-idle", .number("SECONDS", in: 1...Int.max / 1000),
        "Ends after this time without new records, if the group has counted all.")

    static let command = Command(
        "count", "counts the views of a topic; start several to share the work",
        takes: [Self.topicOption, Self.groupOption, TallyStore.option, Self.untilIdleOption]
    ) { try await Count($0).run() }

    let topic: String
    let group: String
    let store: String
    /// The time without new records after which to end, if the group has counted all records. Nil means never.
    var untilIdle: Duration?
    /// The name of this member in the output.
    var name = "count"
    /// Requests a graceful end.
    let stop = StopSignal()
    /// Requests a graceful end once the group has counted all records.
    let stopWhenAllIsCounted = StopSignal()

    init(topic: String, group: String, store: String, name: String) {
        self.topic = topic
        self.group = group
        self.store = store
        self.name = name
    }

    init(_ arguments: Arguments) {
        self.topic = arguments[Self.topicOption]
        self.group = arguments[Self.groupOption]
        self.store = arguments[TallyStore.option]
        self.untilIdle = arguments[Self.untilIdleOption].map { .seconds($0) }
    }

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
        configuration.autoOffsetReset = .none  // If Kafka has deleted records that were not counted, that is an error.
        // How soon others take over from a member that was killed.
        configuration.groupProtocol = .classic(
            ClassicGroupProtocol(sessionTimeout: .seconds(6), heartbeatInterval: .seconds(1)))

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
                let isIdle = self.untilIdle.map { now - lastRecord >= $0 } ?? false
                if isIdle || self.stopWhenAllIsCounted.isRequested,
                    try await self.isAllCounted(in: store, consumer)
                {
                    break
                }
            }
        }  // The listener has saved the tallies, and the member has left the group.
        try await say("\(self.name): done, \(counter.counted.grouped) views counted")
    }

    /// Returns whether the store has all records of the topic, no matter which member counted them.
    private func isAllCounted(in store: TallyStore, _ consumer: KafkaConsumer) async throws -> Bool {
        let partitions = try await consumer.partitions(of: self.topic).map { TopicPartition(self.topic, $0) }
        return try await consumer.endOffsets(of: partitions).allSatisfy { partition, end in
            try (store.load(partition) ?? Tally()).nextOffset >= end
        }
    }
}
