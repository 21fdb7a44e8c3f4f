// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// What the listener hears, and what is committed, when a member leaves its group.
@Suite(.timeLimit(.minutes(2))) struct LeavingListenerTests: ListenerSuite {
    @Test(arguments: HandoverProtocol.allCases, [true, false])
    func leavingCallsPartitionsRevokedIfConfigured(handover: HandoverProtocol, callsRevoked: Bool) async throws {
        try await EmbeddedKafka.withCluster(HandoverProtocol.broker) { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 3)
            let log = EventLog()
            var configuration = kafka.consuming("g", handover)
            configuration.callRevokedOnLeave = callsRevoked
            let stop = Promise<Void>()
            try await self.read(configuration, NotingListener(name: "a", log: log), until: stop) { record, _ in
                if record.offset == 2 { stop.fulfill(.success(())) }
            }
            #expect(log.events.contains("a revoked 0") == callsRevoked)
            // The group is notified immediately and has the processed offsets.
            #expect(try await kafka.group("g")?.members.isEmpty == true)
            #expect(try await kafka.committedOffset(of: "g", topic: "t", partition: 0) == 3)
        }
    }

    /// The group has a new generation already, whose number the member doesn't know yet.
    @Test func whatIsProcessedIsCommittedAlsoIfTheMemberLeavesDuringACooperativeRebalance() async throws {
        try await EmbeddedKafka.withCluster(HandoverProtocol.broker) { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 3)
            var configuration = kafka.consuming("g", .cooperative)
            configuration.enableAutoCommit = false
            let log = EventLog()
            let hold = EmbeddedKafka.Hold()
            let stop = Promise<Void>()
            let listener = NotingListener(
                name: "a", log: log, onRevoked: { _, consumer in try await consumer.commit() })
            try await self.read(configuration, listener, until: stop) { record, consumer in
                guard record.offset == 2 else { return }
                kafka.inject(.holdAnswer(hold), on: .joinGroup, times: 1)
                try consumer.enforceRebalance()
                await hold.untilHeld()
                let release = Task {
                    await kafka.untilRequests(of: .offsetCommit)
                    hold.release()
                }
                stop.fulfill(.success(()))
                log.add("\(record.offset)")
                _ = release
            }
            #expect(log.events.suffix(3) == ["2", "a revoking 0", "a revoked 0"])
            #expect(try await kafka.committedOffset(of: "g", topic: "t", partition: 0) == 3)
        }
    }

    @Test(arguments: HandoverProtocol.allCases)
    func leavingTheScopeLeavesTheGroupToo(handover: HandoverProtocol) async throws {
        try await EmbeddedKafka.withCluster(HandoverProtocol.broker) { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 3)
            let log = EventLog()
            let listener = NotingListener(name: "a", log: log)
            try await KafkaConsumer.withConsumer(
                kafka.consuming("g", handover), subscribedTo: ["t"], listener: listener
            ) {
                for try await record in $0.records where record.offset == 1 { break }
            }
            #expect(log.events.last == "a revoked 0")
            #expect(try await kafka.group("g")?.members.isEmpty == true)
            // The record in hand was not processed.
            #expect(try await kafka.committedOffset(of: "g", topic: "t", partition: 0) == 1)
        }
    }
}
