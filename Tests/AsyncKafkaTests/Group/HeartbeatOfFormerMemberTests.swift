// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0
import EmbeddedKafka
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// A heartbeat concerns nobody after its member has left.
@Suite(.timeLimit(.minutes(1))) struct HeartbeatOfFormerMemberTests {
    private let clock = TestClock()

    /// Otherwise the group would have a member that nobody is.
    @Test func aMemberThatLeavesBeforeItsFirstHeartbeatIsSentDoesNotJoin() async throws {
        try await self.clock.withCluster(HandoverProtocol.broker) { kafka in
            try await kafka.createTopic("t")
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .findCoordinator)
            try await KafkaConsumer.withConsumer(kafka.consuming("g", .consumer), subscribedTo: ["t"]) { consumer in
                await hold.untilHeld()
                try await self.unsubscribe(consumer, whileHeldBy: hold)
                // The request with which it leaves, if the brokers are known by then.
                #expect(kafka.requests.count { $0.api == .consumerGroupHeartbeat } <= 1)
                #expect(try await kafka.group("g")?.members.isEmpty ?? true)
            }
        }
    }

    @Test func aClassicMemberThatHasLeftSendsNoHeartbeat() async throws {
        try await self.clock.withCluster(HandoverProtocol.broker) { kafka in
            try await kafka.createTopic("t")
            var configuration = kafka.consuming("g", .eager)
            configuration.enableAutoCommit = false
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                try await consumer.pollsUntil { !consumer.assignment.isEmpty }
                let hold = EmbeddedKafka.Hold()
                kafka.inject(.fail(.notCoordinator), on: .heartbeat)
                kafka.inject(.hold(hold), on: .findCoordinator)
                try await consumer.pollsUntil { hold.count > 0 }
                kafka.forgetRequests()
                try await self.unsubscribe(consumer, whileHeldBy: hold)
                let apis = kafka.requests.map(\.api)
                #expect(apis.contains(.leaveGroup))
                #expect(!apis.contains(.heartbeat))
            }
        }
    }

    /// Unsubscribes, and releases the look-up of the coordinator when the member has left.
    private func unsubscribe(_ consumer: KafkaConsumer, whileHeldBy hold: EmbeddedKafka.Hold) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await consumer.unsubscribe() }
            try await self.clock.sleep(for: .milliseconds(100))
            hold.release()
            try await tasks.waitForAll()
        }
        // What a late heartbeat would take.
        try await self.clock.sleep(for: .seconds(1))
    }

    @Test func aMemberThatComesAgainDoesNotWaitForTheHeartbeatOfItsFormerSelf() async throws {
        try await self.clock.withCluster(HandoverProtocol.broker) { kafka in
            try await kafka.createTopic("t")
            var configuration = kafka.consuming("g", .consumer)
            configuration.closeTimeout = .seconds(1)
            let hold = EmbeddedKafka.Hold()
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                defer { hold.release() }
                try await consumer.pollsUntil { !consumer.assignment.isEmpty }
                kafka.inject(.hold(hold), on: .consumerGroupHeartbeat, times: 1)
                try await consumer.pollsUntil { hold.count > 0 }
                // The request with which the member leaves waits behind the heartbeat.
                try await consumer.unsubscribe()
                kafka.forgetRequests()
                let start = self.clock.now
                try consumer.subscribe(to: ["t"])
                await kafka.untilRequests(of: .consumerGroupHeartbeat)
                #expect(self.clock.now - start < .seconds(1))
            }
        }
    }
}
