// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaTestSupport

/// Seeded faults of the brokers of a real cluster: one is killed or paused, or leaders and coordinators move. All replicas are in
/// sync in between, so that a majority always is.
struct BrokerFaults {
    let cluster: RealCluster
    /// The topics, with their numbers of partitions.
    let topics: [String: Int]
    private(set) var counts: [String: Int] = [:]
    private var random: SeededRandom

    /// Kafka's own topics that transactions use. The leaders of their partitions are the coordinators.
    static let transactions = ["__transaction_state": 8]
    static let groups = ["__consumer_offsets": 8]

    init(_ cluster: RealCluster, topics: [String: Int], seed: UInt64) {
        self.cluster = cluster
        self.topics = topics
        self.random = SeededRandom(seed)
    }

    /// Causes one fault after the other for this time.
    mutating func run(for time: Duration) async throws {
        let end = ContinuousClock.now + time
        while ContinuousClock.now < end {
            let name = try await self.causeOne(before: end)
            self.counts[name, default: 0] += 1
            for (topic, partitions) in self.topics {
                try await self.cluster.untilInSync(
                    topic, partitions: partitions, copies: min(3, self.cluster.brokerIDs.count))
            }
        }
    }

    private mutating func causeOne(before end: ContinuousClock.Instant) async throws -> String {
        let victim = self.cluster.brokerIDs.randomElement(using: &self.random) ?? 1
        let length = Duration.milliseconds(Int64.random(in: 500...8000, using: &self.random))
        // Kafka's tool moves partitions from Kafka 2.4 on.
        let canMove = self.cluster.installation.version >= KafkaVersion(2, 4)
        switch Int.random(in: 0..<(canMove ? 5 : 4), using: &self.random) {
        case 0, 1:
            await self.cluster.kill(victim)
            // The duration of the fault. ZooKeeper lets a broker register again only after its session (6 s) has ended.
            try await Task.sleep(
                for: self.cluster.installation.usesZooKeeper ? max(length, .milliseconds(7500)) : length)
            try await self.cluster.restart(victim)
            return "brokers killed"
        case 2, 3:
            await self.cluster.pause(victim)
            // The duration of the fault.
            try await Task.sleep(for: length)
            await self.cluster.resume(victim)
            return "brokers paused"
        default:
            let topic = self.topics.keys.sorted().randomElement(using: &self.random) ?? ""
            try await self.cluster.moveLeaders(of: topic)
            return topic.hasPrefix("__") ? "coordinators moved" : "leaders moved"
        }
    }
}
