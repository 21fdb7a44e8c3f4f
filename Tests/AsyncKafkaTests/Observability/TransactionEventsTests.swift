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

/// What a transactional producer tells an observer, with exact figures.
@Suite(.timeLimit(.minutes(1))) struct TransactionEventsTests {
    private struct Refusal: Error {}

    private let clock = TestClock()
    private let kept = KeptEvents()

    private func withProducer(
        _ body: @escaping @Sendable (EmbeddedKafka, KafkaTransactionalProducer) async throws -> Void
    ) async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            let settings = kafka.producing { $0.cluster.observer = self.kept }
            try await KafkaTransactionalProducer.withProducer(
                settings, transactionalID: "billing", transactionTimeout: .seconds(5)
            ) { try await body(kafka, $0) }
        }
    }

    @Test func aCommitTellsHowLongItTook() async throws {
        try await self.withProducer { kafka, producer in
            let hold = EmbeddedKafka.Hold()
            try await producer.withTransaction { transaction in
                _ = try await transaction.send(ProducerRecord(topic: "t", value: "a"))
                try await self.clock.sleep(for: .seconds(2))
                kafka.inject(.hold(hold), on: .endTxn)
                Task {
                    await hold.untilHeld()
                    try await self.clock.sleep(for: .seconds(1))
                    hold.release()
                }
            }
            #expect(self.kept.transactionsAborted.isEmpty)
            let event = try #require(self.kept.transactionsCommitted.first)
            #expect(self.kept.transactionsCommitted.count == 1)
            #expect(event.transactionalID == "billing")
            #expect(event.commitDuration == .seconds(1))
            #expect(event.duration - event.commitDuration >= .seconds(2))
        }
    }

    /// The event says whether the closure or the cluster was the cause, and whether the outcome is known.
    @Test func anAbortTellsItsCause() async throws {
        // An unknown outcome ends the producer, too.
        let outcome = await code { try await self.abortThreeTimes() }
        #expect(outcome == .timedOut)
        let aborted = self.kept.transactionsAborted
        #expect(aborted.map { $0.cause?.code } == [nil, .transactionAborted, .timedOut])
        #expect(aborted.last?.cause?.isOutcomeUnknown == true)
        #expect(aborted.last.map { $0.duration >= .seconds(5) } == true)
        #expect(self.kept.transactionsCommitted.isEmpty)
    }

    private func abortThreeTimes() async throws {
        try await self.withProducer { kafka, producer in
            await #expect(throws: Refusal.self) {
                try await producer.withTransaction { transaction in
                    try await transaction.enqueue(ProducerRecord(topic: "t", value: "a"))
                    throw Refusal()
                }
            }
            kafka.inject(.fail(.topicAuthorizationFailed), on: .produce)
            _ = await code {
                try await producer.withTransaction { _ = try await $0.send(ProducerRecord(topic: "t", value: "b")) }
            }
            kafka.inject(.dropAnswer, on: .endTxn, times: nil)
            _ = await code {
                try await producer.withTransaction { _ = try await $0.send(ProducerRecord(topic: "t", value: "c")) }
            }
        }
    }
}
