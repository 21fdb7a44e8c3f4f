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

/// Mistakes in using transactions are told with what to do about them, and change nothing.
@Suite(.timeLimit(.minutes(1))) struct TransactionMistakesTests: ConsumedTransactionsSuite {
    private struct Refusal: Error {}

    private func error(_ body: () async throws -> Void) async -> KafkaError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? KafkaError
        }
    }

    private func offsets(_ offset: Int64) -> [TopicPartition: OffsetAndMetadata] {
        [self.partition: OffsetAndMetadata(offset: offset)]
    }

    /// A consumer goes on behind offsets only if they were committed.
    @Test func offsetsThatWereRefusedAreNotPassed() async throws {
        try await self.withProducer { _, producer, consumer in
            let kept = Lock<KafkaTransaction?>(nil)
            for isLate in [false, true] {
                await #expect(throws: Refusal.self) {
                    try await producer.withTransaction { transaction in
                        kept.withLock { $0 = transaction }
                        while try await consumer.position(of: self.partition) < 5 {
                            _ = try await consumer.poll(timeout: .seconds(1))
                        }
                        try await transaction.commit(self.offsets(5), of: consumer)
                        throw Refusal()
                    }
                }
                try await producer.withTransaction { transaction in
                    try await transaction.enqueue(self.record("unrelated"))
                    let error = await self.error {
                        if isLate {
                            try await kept.withLock { $0 }?.commit(self.offsets(5), of: consumer)
                        } else {
                            let wrong = [
                                self.partition: OffsetAndMetadata(offset: 7),
                                TopicPartition("in", 1): .init(offset: -1),
                            ]
                            try await transaction.commit(wrong, of: consumer)
                        }
                    }
                    #expect(error?.code == (isLate ? .illegalState : .invalidArgument))
                }
                #expect(try await consumer.position(of: self.partition) == 0, "\(isLate)")
            }
        }
    }

    private func expect(
        _ code: KafkaError.Code, _ words: String, line: Int = #line, _ body: () async throws -> Void
    ) async {
        let error = await self.error(body)
        #expect(
            error?.code == code && error?.description.contains(words) == true, "\(line): \(error?.description ?? "")")
    }

    /// What a program got wrong, with the words of the message that say what to do.
    @Test func mistakesAreExplained() async throws {
        try await self.withProducer(timeout: .seconds(1)) { kafka, producer, consumer in
            await self.expect(.unknownTopicOrPartition, "Check the topic's name") {
                _ = try await producer.withTransaction { try await $0.enqueue(self.record("a", in: "none")) }
            }
            await self.expect(.illegalState, "one at a time") {
                try await producer.withTransaction { _ in try await producer.process(consumer) { _, _ in } }
            }
            await self.expect(.timedOut, "UNKNOWN_TOPIC_OR_PARTITION") {
                try await producer.withTransaction {
                    try await $0.commit([TopicPartition("none", 0): OffsetAndMetadata(offset: 1)], of: consumer)
                }
            }
            kafka.inject(.fail(.topicAuthorizationFailed), on: .produce)
            await self.expect(.transactionAborted, "ACL") {
                _ = try await producer.withTransaction { try await $0.enqueue(self.record("a")) }
            }
            kafka.inject(.fail(.groupAuthorizationFailed), on: .txnOffsetCommit)
            await self.expect(.transactionAborted, "right to the group") {
                try await producer.withTransaction { try await $0.commit(self.offsets(3), of: consumer) }
            }
            await self.expect(.invalidConfiguration, "transactions need .all") {
                _ = try KafkaTransactionalProducer(kafka.producing { $0.acks = .none }, transactionalID: "a")
            }
        }
        await self.expect(.invalidConfiguration, "transaction.max.timeout.ms") {
            try await self.withProducer({ $0.maxTransactionTimeout = .seconds(10) }) { _, producer, _ in
                try await producer.withTransaction { _ in }
            }
        }
        await self.expect(.unsupportedVersion, "too old") {
            try await self.withProducer({ $0.withheldAPIs = [.endTxn] }) { _, producer, _ in
                _ = try await producer.withTransaction { try await $0.enqueue(self.record("a")) }
            }
        }
    }

    /// A producer that closes while a transaction is open says so, although the closure has not returned.
    @Test func closingIsNotTakenForTheTransactionsEnd() async throws {
        try await self.withProducer(produce: { $0.closeTimeout = .milliseconds(50) }) { kafka, producer, _ in
            let end = EmbeddedKafka.Hold()
            kafka.inject(.hold(end), on: .endTxn)
            let error = await self.error {
                try await producer.withTransaction { transaction in
                    _ = try await transaction.send(self.record("a"))
                    producer.triggerGracefulShutdown()
                    await end.untilHeld()
                    defer { end.release() }
                    try await transaction.enqueue(self.record("b"))
                }
            }
            #expect(error?.code == .closed)
        }
    }

    /// What becomes of a transaction's records is told by its call, and not again by `run()`.
    @Test func anAbortedTransactionIsNoErrorOfRun() async throws {
        let change: (inout ProducerConfiguration) -> Void = {
            $0.linger = .seconds(10)
            $0.closeTimeout = .milliseconds(50)
        }
        try await self.withProducer(produce: change) { _, producer, _ in
            await #expect(throws: Refusal.self) {
                try await producer.withTransaction { transaction in
                    try await transaction.enqueue(self.record("a"))
                    producer.triggerGracefulShutdown()
                    try await eventually("closing aborts the transaction") {
                        await self.error { try await transaction.enqueue(self.record("b")) } != nil
                    }
                    throw Refusal()
                }
            }
        }
    }
}
