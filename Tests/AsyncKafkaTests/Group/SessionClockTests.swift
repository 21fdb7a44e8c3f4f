// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// A member that can't reach its group knows from its own clock when its session has ended.
@Suite(.timeLimit(.minutes(2))) struct SessionClockTests {
    private let clock = TestClock()

    private func configuration(_ kafka: EmbeddedKafka, _ log: EventLog) -> ConsumerConfiguration {
        var configuration = kafka.consuming("g")
        configuration.classic.sessionTimeout = .seconds(6)
        configuration.enableAutoCommit = false
        configuration.cluster.log = EventLogSink(events: log, minimum: .warning)
        return configuration
    }

    @Test(arguments: [true, false])
    func aWaitingReaderLearnsOfTheLossWhenHeartbeatsAreNotAnswered(isStopped: Bool) async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            let log = EventLog()
            let clock = self.clock
            let lostAt = Lock<MonotonicTime?>(nil)
            let listener = NotingListener(
                name: "a", log: log, onLost: { _, _ in lostAt.withLock { $0 = clock.now } })
            let configuration = self.configuration(kafka, log)
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"], listener: listener) { consumer in
                try await consumer.pollsUntil { !consumer.assignment.isEmpty }
                let hold = EmbeddedKafka.Hold()
                let cutOff = self.clock.now
                if isStopped {
                    try await kafka.stopBroker(1)
                } else {
                    kafka.inject(.hold(hold), on: .heartbeat, times: nil)
                }
                try await consumer.pollsUntil { log.count("a lost 0") == 1 }
                // The last answered heartbeat may have been sent 50 ms before.
                let passed = try #require(lostAt.withLock { $0 }) - cutOff
                #expect(passed >= .milliseconds(5950) && passed <= .seconds(6), "\(passed)")
                hold.release()
                if isStopped { try await kafka.startBroker(1) }
                // It rejoins as soon as it can.
                kafka.removeFaults()
                try await consumer.pollsUntil { !consumer.assignment.isEmpty }
                #expect(
                    log.events.filter { $0.hasPrefix("a ") }.prefix(5) == [
                        "a assigning 0", "a assigned 0", "a lost 0", "a assigning 0", "a assigned 0",
                    ])
            }
        }
    }

    @Test func aBusyReaderGetsNoBufferedRecordsAfterTheSessionHasEnded() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 20)
            let log = EventLog()
            let hold = EmbeddedKafka.Hold()
            let listener = NotingListener(
                name: "a", log: log, onLost: { _, consumer in consumer.triggerGracefulShutdown() })
            let configuration = self.configuration(kafka, log)
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"], listener: listener) { consumer in
                for try await record in consumer.records {
                    log.add(record.text)
                    if record.offset == 5 {
                        kafka.inject(.hold(hold), on: .heartbeat, times: nil)
                        await log.until { events in events.contains { $0.hasPrefix("[warning]") } }
                        #expect(log.count("[warning] The group has not heard of this member") == 1)
                    }
                }
                hold.release()
            }
            let events = log.events.filter { !$0.hasPrefix("[") }
            #expect(events == ["a assigning 0", "a assigned 0"] + (0...5).map { "v\($0)" } + ["a lost 0"])
        }
    }
}
