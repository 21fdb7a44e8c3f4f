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

/// Callbacks of a listener never run at the same time, whatever takes its partitions away.
@Suite(.timeLimit(.minutes(1))) struct OneCallbackAtATimeTests {
    private let clock = TestClock()

    private struct Loading {
        let log: EventLog
        let clock: TestClock

        /// Simulates loading until it is cancelled.
        func load() async throws {
            do {
                try await self.clock.sleep(for: .seconds(600))
            } catch {
                self.log.add("interrupted")
                throw error
            }
        }
    }

    enum Ending: CaseIterable { case shutDown, unsubscribed, cancelled }

    @Test(arguments: Ending.allCases)
    func partitionsAssignedIsCancelledBeforePartitionsRevokedRuns(ending: Ending) async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            let log = EventLog()
            let clock = self.clock
            let listener = NotingListener(
                name: "a", log: log, onAssigned: { _, _ in try await Loading(log: log, clock: clock).load() })
            let consumer = try listener.member(of: kafka, closeTimeout: .seconds(4))
            let running = Task { try await consumer.run() }
            let reading = Task { for try await _ in consumer.records {} }
            let watchdog = Task {
                try await clock.sleep(for: .seconds(20))
                reading.cancel()
            }
            await log.until("a assigning 0")
            switch ending {
            case .shutDown: consumer.triggerGracefulShutdown()
            case .unsubscribed:
                try await consumer.unsubscribe()
                consumer.triggerGracefulShutdown()
            case .cancelled: running.cancel()
            }
            try await running.value
            try await reading.value
            watchdog.cancel()
            #expect(log.events == ["a assigning 0", "interrupted", "a revoking 0", "a revoked 0"])
            #expect(try await kafka.group("g")?.members.isEmpty == true)
        }
    }

    @Test func unsubscribingInPartitionsAssignedCallsPartitionsRevokedAfterItReturns() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            let log = EventLog()
            let listener = NotingListener(
                name: "a", log: log,
                onAssigned: { _, consumer in
                    try await consumer.unsubscribe()
                    #expect(consumer.assignment == [])
                    log.add("unsubscribed")
                },
                onLost: { _, _ in })
            try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["t"], listener: listener) {
                consumer in
                try await consumer.pollsUntil { log.count("a revoked 0") > 0 }
                #expect(
                    log.events == [
                        "a assigning 0", "unsubscribed", "a assigned 0", "a revoking 0", "a revoked 0",
                    ])
                #expect(try await kafka.group("g")?.members.isEmpty == true)
            }
            #expect(log.events.count == 5)
        }
    }

    @Test(arguments: [true, false])
    func partitionsChosenInPartitionsAssignedAfterUnsubscribingAreRead(subscribes: Bool) async throws {
        try await self.clock.withBroker { kafka in
            for topic in ["t", "u"] { try await kafka.createTopic(topic) }
            try await kafka.fill("u", 1)
            let isFirst = FirstTime()
            let listener = NotingListener(
                name: "a", log: EventLog(),
                onAssigned: { _, consumer in
                    guard isFirst() else { return }
                    try await consumer.unsubscribe()
                    if subscribes {
                        try consumer.subscribe(to: ["u"])
                    } else {
                        try consumer.assign([TopicPartition("u", 0)])
                    }
                })
            try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["t"], listener: listener) {
                consumer in
                for try await record in consumer.records {
                    #expect(record.topic == "u")
                    try await consumer.commit(record)
                    break
                }
            }
            #expect(try await kafka.committedOffset(of: "g", topic: "u", partition: 0) == 1)
        }
    }
}
