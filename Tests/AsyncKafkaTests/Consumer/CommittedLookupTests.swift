// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// Look-ups of committed offsets when the coordinator is missing or hangs.
@Suite(.timeLimit(.minutes(1))) struct CommittedLookupTests {
    private let clock = TestClock()
    private let partition = TopicPartition("t", 0)

    @Test func aGroupWithoutACoordinatorIsLoggedAlsoForAssignedPartitions() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            kafka.inject(.fail(.coordinatorNotAvailable), on: .findCoordinator, times: nil)
            let log = EventLog()
            var configuration = kafka.consuming("g")
            configuration.cluster.log = EventLogSink(events: log)
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                try await consumer.pollsUntil { log.count("[warning] The group's committed offsets") > 0 }
                kafka.removeFaults()
                try await consumer.pollsUntil { log.count("[info] The group's committed offsets") > 0 }
                #expect(log.count("[warning]") == 1, "\(log.events)")
            }
        }
    }

    @Test func aPositionLookUpAtAHangingCoordinatorEndsAfterAThirdOfTheSession() async throws {
        try await self.clock.withCluster(brokers: 2) { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            let coordinator = try #require(try await kafka.coordinator(ofGroup: "g"))
            let next = try #require(kafka.brokerIDs.first { $0 != coordinator })
            var configuration = kafka.consuming("g")
            configuration.classic.sessionTimeout = .seconds(6)
            configuration.enableAutoCommit = false
            // All other limits exceed the time limit of the test.
            configuration.cluster.requestTimeout = .seconds(600)
            configuration.cluster.retryBackoffMax = .seconds(600)
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .offsetFetch, broker: coordinator, times: nil)
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                defer { hold.release() }
                await hold.untilHeld()
                let start = self.clock.now
                try await kafka.moveCoordinator(ofGroup: "g", to: next)
                try await consumer.pollsUntil {
                    kafka.requests.contains { $0.api == .offsetFetch && $0.broker == next }
                }
                let passed = self.clock.now - start
                #expect(passed >= .seconds(2) && passed < .seconds(3), "\(passed)")
                // The partition's leader may be the broker that hangs.
                hold.release()
                for try await record in consumer.records {
                    #expect(record.text == "v0")
                    break
                }
            }
        }
    }
}
