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

/// Closing ends when nothing more can be done, and at `closeTimeout` at the latest. What was not done is logged.
@Suite(.timeLimit(.minutes(2))) struct ClosingConsumerTests {
    private let clock = TestClock()

    /// How a consumer ends.
    enum Ending: CaseIterable {
        /// The task that runs it is cancelled.
        case cancelled
        /// It is shut down while a callback runs on the reader's task.
        case shutDownWhileReading
        /// It is shut down while no task reads.
        case shutDown
        /// The reader keeps asking until the sequence ends.
        case sequence
    }

    /// Waits although the waiting task is cancelled.
    private func stubbornly(_ log: EventLog) async {
        await Task { await log.until("go") }.value
    }

    /// Ends the callbacks of a consumer that waits for them, so that the test fails instead of hanging.
    private func watchdog(_ log: EventLog) -> Task<Void, any Error> {
        Task {
            try await self.clock.sleep(for: .seconds(15))
            log.add("go")
        }
    }

    @Test(arguments: Ending.allCases)
    func aCallbackThatIgnoresItsCancellationDelaysClosingOnlyUntilCloseTimeout(ending: Ending) async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            let log = EventLog()
            let listener = NotingListener(name: "a", log: log, onRevoked: { _, _ in await self.stubbornly(log) })
            let consumer = try listener.member(
                of: kafka, closeTimeout: .seconds(2), log: EventLogSink(events: log))
            let running = Task {
                try await consumer.run()
                log.add("run has ended")
            }
            let watchdog = self.watchdog(log)
            try await consumer.pollsUntil { !consumer.assignment.isEmpty }
            let reading: Task<Void, any Error>
            switch ending {
            case .cancelled:
                reading = Task {}
                running.cancel()
            case .shutDown:
                // The reader holds no records.
                _ = try await consumer.poll(timeout: .zero)
                reading = Task {}
                consumer.triggerGracefulShutdown()
            case .shutDownWhileReading:
                try consumer.subscribe(to: ["t", "u"])
                reading = Task { for try await _ in consumer.records {} }
                await log.until("a revoking 0")
                consumer.triggerGracefulShutdown()
            case .sequence:
                try await kafka.fill("t", 1)
                reading = Task {
                    for try await _ in consumer.records { consumer.triggerGracefulShutdown() }
                }
            }
            try await running.value
            #expect(log.count("a revoking 0") == 1)
            #expect(!log.events.contains("go"), "it waited for the callback")
            #expect(log.count("[warning]", "closeTimeout") > 0, "\(log.events)")
            // The consumer has left the group nevertheless.
            #expect(try await kafka.group("g")?.members.isEmpty == true)
            watchdog.cancel()
            log.add("go")
            try await reading.value
        }
    }

    @Test(arguments: [Ending.cancelled, .shutDownWhileReading])
    func partitionsAssignedThatIgnoresItsCancellationDelaysClosingOnlyUntilCloseTimeout(ending: Ending) async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            let log = EventLog()
            let listener = NotingListener(name: "a", log: log, onAssigned: { _, _ in await self.stubbornly(log) })
            let consumer = try listener.member(
                of: kafka, closeTimeout: .seconds(2), log: EventLogSink(events: log))
            let running = Task { try await consumer.run() }
            let reading = Task { for try await _ in consumer.records {} }
            let watchdog = self.watchdog(log)
            await log.until("a assigning 0")
            if ending == .cancelled { running.cancel() } else { consumer.triggerGracefulShutdown() }
            try await running.value
            #expect(!log.events.contains("go"), "it waited for the callback")
            #expect(log.count("[warning]", "closeTimeout") > 0, "\(log.events)")
            #expect(try await kafka.group("g")?.members.isEmpty == true)
            watchdog.cancel()
            log.add("go")
            try await reading.value
            // The callbacks never ran at the same time.
            #expect(log.count("a revoking") == 0, "\(log.events)")
        }
    }

    @Test(arguments: [true, false])
    func closingWithoutABrokerEndsAtOnceAndLogsWhatWasNotDone(closes: Bool) async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 3)
            let log = EventLog()
            var configuration = kafka.consuming("g")
            configuration.closeTimeout = .seconds(60)
            configuration.cluster.log = EventLogSink(events: log)
            var start = self.clock.now
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                var count = 0
                while count < 3 { count += try await consumer.poll(timeout: .milliseconds(100)).count }
                try await kafka.stopBroker(1)
                _ = try await consumer.poll(timeout: .zero)
                start = self.clock.now
                if !closes { try await consumer.unsubscribe() }
            }
            #expect(self.clock.now - start < .seconds(1))
            #expect(log.count("[warning] What was read last is not committed") == 1, "\(log.events)")
            #expect(log.count("[warning] The group could not be left") == 1)
        }
    }

    @Test func closingAtAHangingCoordinatorEndsWithinCloseTimeout() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 3)
            let log = EventLog()
            var configuration = kafka.consuming("g")
            configuration.closeTimeout = .seconds(3)
            configuration.cluster.log = EventLogSink(events: log)
            var start = self.clock.now
            let hold = EmbeddedKafka.Hold()
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                var count = 0
                while count < 3 { count += try await consumer.poll(timeout: .milliseconds(100)).count }
                kafka.inject(.hold(hold), times: nil)
                _ = try await consumer.poll(timeout: .zero)
                start = self.clock.now
            }
            #expect(self.clock.now - start <= .seconds(3))
            #expect(log.count("[warning] The group could not be left") == 1, "\(log.events)")
            hold.release()
        }
    }

    @Test(arguments: [EmbeddedKafka.API.joinGroup, .syncGroup])
    func closingDuringAJoinDoesNotWaitForTheGroup(api: EmbeddedKafka.API) async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: api, times: nil)
            var configuration = kafka.consuming("g")
            configuration.closeTimeout = .seconds(60)
            var start = self.clock.now
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { _ in
                await hold.untilHeld()
                start = self.clock.now
            }
            #expect(self.clock.now - start < .seconds(1))
            hold.release()
        }
    }

    @Test func aReaderThatGetsADamagedRecordWhileTheConsumerClosesIsNotWaitedFor() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            // The second record says that it is longer than the batch.
            var bytes = Array(try LogBatch.records(["a", "b"], at: 0))
            bytes[bytes.count - 8] = 0x7E
            try await kafka.store([LogBatch.withChecksum(Bytes(bytes))], in: "t")
            let consumer = try KafkaConsumer(kafka.consuming("g"))
            try consumer.subscribe(to: ["t"])
            async let running: Void = consumer.run()
            let records = try await consumer.poll(timeout: .seconds(20))
            #expect(records.map(\.text) == ["a"])
            let start = self.clock.now
            consumer.triggerGracefulShutdown()
            // Closing waits for the array to be processed.
            try await self.clock.sleep(for: .milliseconds(100))
            let failure = await #expect(throws: KafkaError.self) { _ = try await consumer.poll(timeout: .seconds(20)) }
            #expect(failure?.code == .corruptRecord)
            try await running
            #expect(self.clock.now - start < .seconds(1))
        }
    }

    @Test func closingWhileTheReaderIsBusyIsLoggedAndTheWholeLogIsShort() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t", partitions: 2)
            try await kafka.fill("t", 3)
            let log = EventLog()
            var configuration = kafka.consuming("g")
            configuration.closeTimeout = .seconds(1)
            configuration.cluster.log = EventLogSink(events: log)
            let consumer = try KafkaConsumer(configuration)
            try consumer.subscribe(to: ["t"])
            async let running: Void = consumer.run()
            for try await _ in consumer.records {
                consumer.triggerGracefulShutdown()
                try await running
                break
            }
            let expected = [
                "[info] Joined the group", "[info] Partitions are assigned", "[warning] The consumer is closed while",
                "[info] Partitions are revoked", "[info] Left the group", "[info] The consumer is closed",
            ]
            let seen = log.events.compactMap { event in expected.first { event.hasPrefix($0) } }
            #expect(seen == expected, "\(log.events)")
            #expect(log.count("[info] Partitions are assigned", "t-0…1") == 1, "\(log.events)")
        }
    }
}
