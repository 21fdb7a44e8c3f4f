// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import Testing

@testable import AsyncKafka

/// Automatic commits at the end of reading, with a subscription and with assigned partitions.
@Suite(.timeLimit(.minutes(1))) struct AutomaticCommitTests {
    enum Ending: CaseIterable {
        case shutdownOfASequence, shutdownOfPolling, leavingALoop, cancellation, unsubscribing
    }

    private let partition = TopicPartition("t", 0)

    /// The interval is too long for a commit before the end.
    private func configuration(_ kafka: EmbeddedKafka, _ log: KeptLog) -> ConsumerConfiguration {
        var configuration = kafka.consuming("g")
        configuration.autoCommitInterval = .seconds(600)
        configuration.cluster.log = log
        return configuration
    }

    private func withConsumer(
        _ configuration: ConsumerConfiguration, isSubscribed: Bool, _ body: (KafkaConsumer) async throws -> Void
    ) async throws {
        if isSubscribed {
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"], body)
        } else {
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition], body)
        }
    }

    @Test(arguments: Ending.allCases, [true, false])
    func processedRecordsAreCommittedHoweverReadingEnds(_ ending: Ending, isSubscribed: Bool) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 5)
            let log = KeptLog(minimum: .warning)
            let configuration = self.configuration(kafka, log)
            let expected: Int64
            switch ending {
            case .shutdownOfASequence:
                try await self.withConsumer(configuration, isSubscribed: isSubscribed) { consumer in
                    for try await record in consumer.records where record.offset == 4 {
                        consumer.triggerGracefulShutdown()
                    }
                }
                expected = 5
            case .shutdownOfPolling:
                try await self.withConsumer(configuration, isSubscribed: isSubscribed) { consumer in
                    while try await consumer.poll(timeout: .seconds(20)).last?.offset != 4 {}
                    consumer.triggerGracefulShutdown()
                    let nothing = try await consumer.poll(timeout: .seconds(20))
                    #expect(nothing.isEmpty)
                }
                expected = 5
            case .leavingALoop:
                try await self.withConsumer(configuration, isSubscribed: isSubscribed) { consumer in
                    for try await record in consumer.records where record.offset == 3 { break }
                }
                expected = 3
            case .cancellation:
                let events = EventLog()
                let reader = Task {
                    try await self.withConsumer(configuration, isSubscribed: isSubscribed) { consumer in
                        for try await record in consumer.records where record.offset == 3 {
                            events.add("3")
                            try await Task.sleep(for: .seconds(600))
                        }
                    }
                }
                await events.until("3")
                reader.cancel()
                _ = await reader.result
                expected = 3
            case .unsubscribing:
                try await self.withConsumer(configuration, isSubscribed: isSubscribed) { consumer in
                    for try await record in consumer.records where record.offset == 3 {
                        try await consumer.unsubscribe()
                        break
                    }
                }
                expected = 3
            }
            let committed = try await kafka.committedOffset(of: "g", topic: "t", partition: 0)
            #expect(committed == expected)
            #expect(log.lines == [])
        }
    }

    @Test func offsetsOfPartitionsReplacedByAssignAreCommittedSoon() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t", partitions: 2)
            try await kafka.fill("t", 5)
            try await kafka.fill("t", partition: 1, 2, prefix: "other")
            let log = KeptLog(minimum: .warning)
            let configuration = self.configuration(kafka, log)
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                while try await consumer.poll(timeout: .seconds(20)).last?.offset != 4 {}
                // The records count as processed.
                _ = try await consumer.poll(timeout: .zero)
                try consumer.assign([TopicPartition("t", 1)])
                // Commits before the interval has elapsed, and before the consumer closes.
                await kafka.untilRequests(of: .offsetCommit)
                let others = try await consumer.poll(timeout: .seconds(20))
                #expect(others.first?.text == "other0")
            }
            let committed = try await kafka.committedOffset(of: "g", topic: "t", partition: 0)
            #expect(committed == 5)
            #expect(log.lines == [])
        }
    }

    @Test func aPartitionThatReturnsContinuesWhereItWasLeft() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t", partitions: 2)
            try await kafka.fill("t", 5)
            let configuration = self.configuration(kafka, KeptLog(minimum: .warning))
            // Simulates a slow coordinator.
            kafka.inject(.delay(.milliseconds(300)), on: .offsetCommit)
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                var records: [ConsumerRecord] = []
                while records.count < 3 { records += try await consumer.poll(max: 3, timeout: .seconds(20)) }
                // The records count as processed, and no more are wanted for now.
                try consumer.pause([self.partition])
                _ = try await consumer.poll(timeout: .zero)
                try consumer.assign([TopicPartition("t", 1)])
                try consumer.assign([self.partition])
                let next = try await consumer.poll(timeout: .seconds(20))
                #expect(next.first?.offset == 3)
            }
        }
    }

    @Test func aRecordInHandIsNotCommittedWhenItsPartitionIsReplaced() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t", partitions: 2)
            try await kafka.fill("t", 5)
            let configuration = self.configuration(kafka, KeptLog(minimum: .warning))
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                for try await record in consumer.records where record.offset == 3 {
                    try consumer.assign([TopicPartition("t", 1)])
                    break
                }
            }
            let committed = try await kafka.committedOffset(of: "g", topic: "t", partition: 0)
            #expect(committed == 3)
        }
    }

    private struct Failed: Error {}

    @Test(
        arguments: [true, false],
        [true, false])
    func aRecordWhoseProcessingFailedIsNotCommitted(polls: Bool, unsubscribes: Bool) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t", partitions: 2)
            try await kafka.fill("t", 5)
            let configuration = self.configuration(kafka, KeptLog(minimum: .warning))
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                do {
                    if polls {
                        while true {
                            for record in try await consumer.poll(max: 1, timeout: .seconds(20))
                            where record.offset == 3 { throw Failed() }
                        }
                    } else {
                        for try await record in consumer.records where record.offset == 3 { throw Failed() }
                    }
                } catch is Failed {}
                if unsubscribes {
                    try await consumer.unsubscribe()
                } else {
                    try consumer.assign([TopicPartition("t", 1)])
                }
            }
            #expect(try await kafka.committedOffset(of: "g", topic: "t", partition: 0) == 3)
        }
    }
}
