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

/// Bugs that other clients had in consumers and groups; see `Tests/KNOWN-BUGS.md`.
@Suite(.timeLimit(.minutes(1))) struct KnownBugTests {
    private let clock = TestClock()
    @Test func aCancelledReadDoesNotStopTheMaximumPollInterval() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            var configuration = kafka.consuming("g")
            configuration.maxPollInterval = .milliseconds(400)
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                for try await _ in consumer.records { break }
                let reader = Task { try await consumer.poll(timeout: .seconds(60)) }
                reader.cancel()
                _ = await reader.result
                // No task reads any more, so the partitions have to go to another member.
                await kafka.untilRequests(of: .leaveGroup)
            }
        }
    }

    @Test func severalAssignorsAreNamedInOneJoin() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["t"]) { consumer in
                for try await _ in consumer.records { break }
                // The first request obtains a member id.
                let joins = kafka.requests.filter { $0.api == .joinGroup }.count
                #expect(joins == 2)
            }
        }
    }

    @Test func anErrorOfCommittedOffsetsDoesNotResetThePosition() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 10)
            try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["t"]) { consumer in
                for try await record in consumer.records where record.offset == 5 {
                    try await consumer.commit(record)
                    break
                }
            }
            for error in [ErrorCode.coordinatorLoadInProgress, .notCoordinator] {
                kafka.inject(.fail(error), on: .offsetFetch)
            }
            try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["t"]) { consumer in
                let record = try await consumer.nextRecord()
                #expect(record?.offset == 6)
            }
            kafka.inject(.fail(.groupAuthorizationFailed), on: .offsetFetch)
            let failure = await #expect(throws: KafkaError.self) {
                try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["t"]) { consumer in
                    for try await record in consumer.records { Issue.record("\(record.offset) was handed out") }
                }
            }
            #expect(failure?.code == .authorizationFailed)
        }
    }

    @Test func closingWithoutACoordinatorEndsWithinCloseTimeout() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 3)
            var configuration = kafka.consuming("g")
            configuration.closeTimeout = .seconds(2)
            let start = self.clock.now
            // It ends, whether the last commit succeeds or not.
            _ = try? await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                for try await record in consumer.records where record.offset == 2 { break }
                kafka.inject(.fail(.coordinatorNotAvailable), on: .findCoordinator, times: nil)
                kafka.inject(.fail(.notCoordinator), on: .offsetCommit, times: nil)
                kafka.inject(.fail(.notCoordinator), on: .heartbeat, times: nil)
                kafka.inject(.fail(.notCoordinator), on: .leaveGroup, times: nil)
            }
            #expect(self.clock.now - start < .milliseconds(2500), "\(self.clock.now - start)")
            #expect(kafka.requests.contains { $0.api == .offsetCommit })
        }
    }

    @Test func pollEndsAtItsTimeoutAlsoDuringARebalance() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .joinGroup)
            try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["t"]) { consumer in
                let start = self.clock.now
                let nothing = try await consumer.poll(timeout: .milliseconds(50))
                #expect(self.clock.now - start == .milliseconds(50))
                #expect(nothing.isEmpty)
                await hold.untilHeld()
                let stillNothing = try await consumer.poll(timeout: .milliseconds(50))
                #expect(stillNothing.isEmpty)
                hold.release()
                let records = try await consumer.poll(timeout: .seconds(30))
                #expect(records.count == 1)
            }
        }
    }

    @Test func joiningMayTakeLongerThanOtherRequests() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            var configuration = kafka.consuming("g")
            configuration.cluster.requestTimeout = .seconds(1)
            // Other members may take the whole rebalance timeout to join.
            kafka.inject(.delay(.seconds(2)), on: .joinGroup, times: 2)
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                for try await _ in consumer.records { break }
            }
            let joins = kafka.requests.filter { $0.api == .joinGroup }.count
            #expect(joins == 2)
        }
    }
}
