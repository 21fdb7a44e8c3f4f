// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaTestSupport
import Testing

@testable import AsyncKafka

/// Each partition that is taken away is reported once, as revoked or as lost.
@Suite(.timeLimit(.minutes(1))) struct ToldOnceTests {
    private let clock = TestClock()

    @Test func unsubscribingInPartitionsRevokedDoesNotRevokeAgain() async throws {
        try await self.clock.withBroker { kafka in
            for topic in ["t", "u"] { try await kafka.createTopic(topic) }
            let log = EventLog()
            let listener = NotingListener(
                name: "a", log: log,
                onRevoked: { _, consumer in
                    try await consumer.unsubscribe()
                    // Partitions assigned from here on stay when the callback ends.
                    try consumer.assign([TopicPartition("t", 0)])
                })
            try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["t"], listener: listener) {
                consumer in
                try await consumer.pollsUntil { !consumer.assignment.isEmpty }
                try consumer.subscribe(to: ["t", "u"])
                try await consumer.pollsUntil { log.count("a revoked") > 0 }
                #expect(consumer.assignment == [TopicPartition("t", 0)])
            }
            #expect(log.events == ["a assigning 0", "a assigned 0", "a revoking 0", "a revoked 0"])
        }
    }

    @Test func partitionsThatWereRevokedTooSlowlyAreNotAlsoLost() async throws {
        try await self.clock.withBroker { kafka in
            for topic in ["t", "u"] { try await kafka.createTopic(topic) }
            let log = EventLog()
            let isFirst = FirstTime()
            let listener = NotingListener(
                name: "a", log: log,
                onRevoked: { _, _ in
                    // Wait until the consumer has left the group.
                    if isFirst() { await kafka.untilRequests(of: .leaveGroup) }
                })
            var configuration = kafka.consuming("g")
            configuration.maxPollInterval = .seconds(2)
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"], listener: listener) { consumer in
                try await consumer.pollsUntil { !consumer.assignment.isEmpty }
                try consumer.subscribe(to: ["t", "u"])
                try await consumer.pollsUntil { log.count("a assigned 0") == 2 }
            }
            #expect(
                log.events.prefix(6) == [
                    "a assigning 0", "a assigned 0", "a revoking 0", "a revoked 0", "a assigning 0,0",
                    "a assigned 0,0",
                ])
        }
    }
}
