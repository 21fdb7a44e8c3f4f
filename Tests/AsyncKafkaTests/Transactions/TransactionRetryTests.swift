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
import Testing

@testable import AsyncKafka

/// Transactions by hand that are tried again.
@Suite(.timeLimit(.minutes(1))) struct TransactionRetryTests: ConsumedTransactionsSuite {
    private struct Refusal: Error {}

    private func offsets(_ offset: Int64) -> [TopicPartition: OffsetAndMetadata] {
        [self.partition: OffsetAndMetadata(offset: offset)]
    }

    /// The aborted attempt sets the consumer back, and the commit of the next one moves it on again.
    @Test func recordsOfATransactionThatWasTriedAgainAreNotReadAgain() async throws {
        try await self.withProducer { kafka, producer, consumer in
            var records: [ConsumerRecord] = []
            while records.count < 10 { records += try await consumer.poll(timeout: .seconds(1)) }
            kafka.inject(.fail(.transactionAbortable), on: .endTxn)
            let read = records
            let attempts = Lock(0)
            try await producer.withTransaction(retrying: 2) { transaction in
                attempts.withLock { $0 += 1 }
                for record in read { try await transaction.enqueue(self.record(record.text)) }
                try await transaction.commit(self.offsets(10), of: consumer)
            }
            #expect(attempts.withLock { $0 } == 2)
            #expect(try await consumer.position(of: self.partition) == 10)
            #expect(try await kafka.committed("out") == read.map(\.text))
        }
    }

    /// There is no room, and the closure says so in its own words.
    @Test func aClosureThatFailedBecauseOfTheClusterIsRunAgain() async throws {
        try await self.withProducer(produce: {
            $0.bufferMemory = 16 << 10
            $0.maxRequestSize = 8 << 10
            $0.batchSize = 4 << 10
        }) { kafka, producer, _ in
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .produce)
            let attempts = Lock(0)
            try await producer.withTransaction(retrying: 1) { transaction in
                attempts.withLock { $0 += 1 }
                defer { hold.release() }
                do {
                    for _ in 0..<20 {
                        try await transaction.enqueue(self.record(String(repeating: "x", count: 1 << 10)))
                    }
                } catch { throw Refusal() }
            }
            #expect(attempts.withLock { $0 } == 2)
            #expect(try await kafka.committed("out").count == 20)
        }
    }
}
