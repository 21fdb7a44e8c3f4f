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

/// Ends of transactions that are in doubt: fencing, timeouts, lost answers and cancellations.
@Suite(.timeLimit(.minutes(1))) struct TransactionEndingTests: TransactionalProducerSuite {
    private struct Refusal: Error {}

    @Test(arguments: [0, 2]) func aProducerThatIsReplacedWritesNothingThatIsRead(version: Int) async throws {
        try await self.withProducer(version) { kafka, _ in
            let zombie = try KafkaTransactionalProducer(kafka.producing(), transactionalID: "shared")
            let run = Task { try await zombie.run() }
            let error = await #expect(throws: KafkaError.self) {
                try await zombie.withTransaction { transaction in
                    _ = try await transaction.send(self.record("of the zombie"))
                    try await KafkaTransactionalProducer.withProducer(kafka.producing(), transactionalID: "shared") {
                        next in
                        _ = try await next.withTransaction { try await $0.enqueue(self.record("of the next")) }
                    }
                    try await transaction.enqueue(self.record("late"))
                }
            }
            #expect(error?.isFatal == true && error?.code == .producerFenced, "\(error?.description ?? "")")
            #expect(error?.isOutcomeUnknown == false)
            #expect(error?.message.contains("shared") == true)
            #expect(await code { try await run.value } == .producerFenced)
            #expect(
                await code {
                    _ = try await zombie.withTransaction { try await $0.enqueue(self.record("later")) }
                } == .producerFenced)
            #expect(try await kafka.committed("t") == ["of the next"])
        }
    }

    @Test(arguments: [0, 2]) func aTransactionThatLastsTooLongIsAborted(version: Int) async throws {
        try await self.withProducer(version) { kafka, _ in
            try? await KafkaTransactionalProducer.withProducer(
                kafka.producing(), transactionalID: "slow", transactionTimeout: .seconds(3)
            ) { producer in
                let error = await #expect(throws: KafkaError.self) {
                    try await producer.withTransaction { transaction in
                        _ = try await transaction.send(self.record("slow"))
                        try await eventually("the coordinator aborts") {
                            try await kafka.transaction("slow")?.state == "CompleteAbort"
                        }
                    }
                }
                #expect(error?.message.contains("transactionTimeout") == true, "\(error?.description ?? "")")
                if version == 2 {
                    #expect(error?.code == .transactionAborted && error?.isRetriable == true)
                    try await producer.withTransaction { try await $0.enqueue(self.record("in time")) }
                } else {
                    // With version 1, it can't be told from another producer with the id.
                    #expect(error?.code == .producerFenced && error?.isFatal == true)
                }
            }
            let values = try await kafka.committed("t")
            #expect(values == (version == 2 ? ["in time"] : []), "\(values)")
        }
    }

    @Test func aCommitWhoseOutcomeStaysUnknownIsToldAsSuch() async throws {
        try await self.withProducer { kafka, _ in
            let error = await #expect(throws: KafkaError.self) {
                try await KafkaTransactionalProducer.withProducer(
                    kafka.producing { $0.cluster.requestTimeout = .milliseconds(100) }, transactionalID: "a",
                    transactionTimeout: .seconds(3)
                ) { producer in
                    try await producer.withTransaction { transaction in
                        _ = try await transaction.send(self.record("perhaps"))
                        kafka.inject(.dropAnswer, on: .endTxn, times: nil)
                    }
                }
            }
            #expect(error?.isFatal == true && error?.isOutcomeUnknown == true, "\(error?.description ?? "")")
            #expect(error?.message.contains("transactionTimeout") == true)
        }
    }

    @Test func cancellingDuringACommitWhoseAnswerIsMissingEndsSoon() async throws {
        try await self.withProducer { kafka, _ in
            let task = Task {
                try await KafkaTransactionalProducer.withProducer(
                    kafka.producing(), transactionalID: "a", transactionTimeout: .seconds(600)
                ) { producer in
                    try await producer.withTransaction { transaction in
                        _ = try await transaction.send(self.record("perhaps"))
                        kafka.inject(.dropAnswer, on: .endTxn, times: nil)
                    }
                }
            }
            await kafka.untilRequests(of: .endTxn)
            task.cancel()
            let error = await #expect(throws: KafkaError.self) { try await task.value }
            #expect(error?.isOutcomeUnknown == true, "\(error?.description ?? "")")
        }
    }

    /// The partition that was not tried says nothing about the transaction.
    @Test(arguments: [false, true]) func aNewTopicIsWaitedForWhateverItsPlaceInTheAnswer(isFirst: Bool) async throws {
        try await self.withProducer(0) { kafka, producer in
            try await kafka.createTopic("new")
            let isKnown = Lock(false)
            kafka.answer(AddPartitionsToTxnRequest.self, times: nil) { request, _ in
                // The first record may be ahead in a request of its own.
                guard request.v3AndBelowTopics.contains(where: { $0.name == "new" }),
                    !isKnown.withLock({ isKnown in
                        defer { isKnown = true }
                        return isKnown
                    })
                else { return nil }
                var response = AddPartitionsToTxnResponse()
                let topics = request.v3AndBelowTopics.sorted { ($0.name == "new") == isFirst || $1.name < $0.name }
                response.resultsByTopicV3AndBelow = topics.map { topic in
                    var result = AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult()
                    result.name = topic.name
                    result.resultsByPartition = topic.partitions.map { index in
                        var partition = AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult()
                        partition.partitionIndex = index
                        partition.partitionErrorCode =
                            topic.name == "new" ? .unknownTopicOrPartition : .operationNotAttempted
                        return partition
                    }
                    return result
                }
                return response
            }
            try await producer.withTransaction { transaction in
                try await transaction.enqueue(self.record("a"))
                try await transaction.enqueue(self.record("b", in: "new"))
            }
            #expect(try await kafka.committed("t") == ["a"])
            #expect(try await kafka.committed("new") == ["b"])
        }
    }

    @Test func recordsOfAnAbortedTransactionAreNotLoggedAsLost() async throws {
        let log = KeptLog()
        try await self.withProducer(2, { $0.cluster.log = log }) { _, producer in
            for _ in 0..<3 {
                await #expect(throws: Refusal.self) {
                    try await producer.withTransaction { transaction in
                        for _ in 0..<100 { try await transaction.enqueue(self.record("torn")) }
                        throw Refusal()
                    }
                }
            }
        }
        #expect(log.lines.allSatisfy { !$0.contains("not delivered") }, "\(log.lines)")
    }

    @Test func anErrorOfTheClosureThatIsNotTheClustersIsThrownUnchanged() async throws {
        try await self.withProducer { _, producer in
            let tries = Lock(0)
            let other = KafkaError(.timedOut, "of another client", isRetriable: true)
            let error = await #expect(throws: KafkaError.self) {
                try await producer.withTransaction(retrying: 5) { _ in
                    tries.withLock { $0 += 1 }
                    throw other
                }
            }
            #expect(error?.message == other.message)
            #expect(tries.withLock { $0 } == 1)
        }
    }

    @Test func aTaskThatOutlivesItsTransactionMayBeginAnother() async throws {
        try await self.withProducer { kafka, producer in
            let hasEnded = Promise<Void>()
            let task = try await producer.withTransaction { _ in
                Task {
                    try await hasEnded.value()
                    _ = try await producer.withTransaction { try await $0.enqueue(self.record("later")) }
                }
            }
            hasEnded.fulfill(.success(()))
            try await task.value
            #expect(try await kafka.committed("t") == ["later"])
        }
    }

    @Test func aRefusedTransactionalIDIsToldAtOnceAndLaterTriedAgain() async throws {
        try await self.withProducer { kafka, _ in
            let faults = kafka.inject(.fail(.transactionalIdAuthorizationFailed), on: .initProducerId, times: nil)
            try await KafkaTransactionalProducer.withProducer(kafka.producing(), transactionalID: "a") { producer in
                #expect(
                    await code {
                        try await producer.withTransaction { _ in }
                    } == .authorizationFailed)
                faults.remove()
                try await eventually("the id is allowed") {
                    (try? await producer.withTransaction { try await $0.enqueue(self.record("a")) }) != nil
                }
            }
            #expect(try await kafka.committed("t") == ["a"])
        }
    }
}
