// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// Finds out why no records come. A consumer waits for topics, leaders and brokers without a word, and a user doesn't.
struct StandstillCheck: Sendable {
    private let admin: KafkaAdminClient
    private let topics: [String]
    private var hasComplained = false

    init(_ admin: KafkaAdminClient, topics: [String]) {
        self.admin = admin
        self.topics = topics
    }

    /// Throws if a topic is gone, a partition has no leader, or no broker answers.
    func check() async throws {
        let topics = try await self.admin.describeTopics(self.topics).allSucceeded()
        for topic in topics.values.sorted(by: { $0.name < $1.name }) {
            guard let partition = topic.partitions.first(where: { $0.leader == nil }) else { continue }
            throw Failure(
                "Partition \(partition.partition) of \(topic.name) has no leader, so that nobody can read it.")
        }
    }

    /// Throws if a topic is gone. Says it on standard error, once, if something else is wrong: it may pass.
    mutating func complain() async throws {
        do {
            try await self.check()
            self.hasComplained = false
        } catch let error as KafkaError
            where [.cancelled, .unknownTopicOrPartition, .authorizationFailed].contains(error.code)
        {
            throw error
        } catch {
            let reason = (error as? KafkaError)?.message ?? "\(error)"
            if !self.hasComplained { StandardStream.complain("async-kafka: still waiting: \(reason)") }
            self.hasComplained = true
        }
    }
}
