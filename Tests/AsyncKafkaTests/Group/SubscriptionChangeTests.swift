// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import Testing

@testable import AsyncKafka

/// The group learns of the last subscription, whenever it changes.
@Suite(.timeLimit(.minutes(1))) struct SubscriptionChangeTests {
    /// Polls until the consumer has these partitions.
    private func read(_ consumer: KafkaConsumer, until partitions: [TopicPartition]) async throws {
        while consumer.assignment != partitions { _ = try await consumer.poll(timeout: .milliseconds(20)) }
    }

    @Test func aTopicThatIsAddedDuringAJoinIsRead() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            for topic in ["a", "b"] { try await kafka.createTopic(topic) }
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .findCoordinator)
            try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["a"]) { consumer in
                await hold.untilHeld()
                try consumer.subscribe(to: ["a", "b"])
                hold.release()
                try await self.read(consumer, until: [TopicPartition("a", 0), TopicPartition("b", 0)])
            }
        }
    }

    @Test func aPatternWithoutMatchesReplacesTheTopicsAndIsKept() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("a")
            var configuration = kafka.consuming("g")
            configuration.cluster.metadataMaxAge = .milliseconds(100)
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["a"]) { consumer in
                try await self.read(consumer, until: [TopicPartition("a", 0)])
                let pattern = try TopicPattern("b.*")
                try consumer.subscribe(toTopicsMatching: pattern)
                try await self.read(consumer, until: [])
                try await kafka.createTopic("b")
                try await self.read(consumer, until: [TopicPartition("b", 0)])
                // The same pattern after an `unsubscribe()`.
                try await consumer.unsubscribe()
                try consumer.subscribe(toTopicsMatching: pattern)
                try await self.read(consumer, until: [TopicPartition("b", 0)])
            }
        }
    }

    @Test func aGroupThatIsLeftAndRejoinedDuringTheCoordinatorLookUpIsJoined() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            for topic in ["a", "b"] { try await kafka.createTopic(topic) }
            try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["a"]) { consumer in
                try await self.read(consumer, until: [TopicPartition("a", 0)])
                // The coordinator is looked up as soon as the old one answers that it isn't the coordinator any more.
                let hold = EmbeddedKafka.Hold()
                kafka.inject(.fail(.notCoordinator), on: .joinGroup)
                kafka.inject(.hold(hold), on: .findCoordinator)
                try consumer.subscribe(to: ["b"])
                while hold.count == 0 { _ = try await consumer.poll(timeout: .milliseconds(20)) }
                let leaving = Task { try await consumer.unsubscribe() }
                while consumer.core.withMembership({ $0.committer?.memberID != "" }) { await Task.yield() }
                try consumer.subscribe(to: ["a", "b"])
                hold.release()
                try await leaving.value
                try await self.read(consumer, until: [TopicPartition("a", 0), TopicPartition("b", 0)])
            }
        }
    }

    @Test func aMemberThatDoesNotReadDoesNotDelayARebalance() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t", partitions: 2)
            try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["t"]) { _ in
                await kafka.untilRequests(of: .syncGroup)
                try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["t"]) { reading in
                    while reading.assignment.count != 1 { _ = try await reading.poll(timeout: .milliseconds(20)) }
                }
            }
        }
    }

    @Test func aGroupThatCouldNotBeJoinedIsJoinedWhenTheReaderAsksAgain() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            kafka.inject(.fail(.groupAuthorizationFailed), on: .joinGroup)
            try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["t"]) { consumer in
                let error = await #expect(throws: KafkaError.self) {
                    _ = try await consumer.poll(timeout: .seconds(20))
                }
                #expect(error?.code == .authorizationFailed)
                let records = try await consumer.poll(timeout: .seconds(20))
                #expect(records.map(\.text) == ["v0"])
            }
        }
    }
}
