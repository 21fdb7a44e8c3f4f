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

/// Transactions on the embedded broker, in both versions.
@Suite(.timeLimit(.minutes(1))) struct TransactionalProducerTests: TransactionalProducerSuite {
    private struct Refusal: Error {}

    // MARK: Use

    @Test(arguments: [0, 2]) func aCommittedTransactionIsReadAndAnAbortedOneIsNot(version: Int) async throws {
        try await self.withProducer(version) { kafka, producer in
            let result = try await producer.withTransaction { transaction in
                try await transaction.enqueue(self.record("1"))
                return 17
            }
            #expect(result == 17)
            await #expect(throws: Refusal.self) {
                try await producer.withTransaction { transaction in
                    _ = try await transaction.send(self.record("torn"))
                    throw Refusal()
                }
            }
            try await producer.withTransaction { try await $0.enqueue(self.record("2")) }
            #expect(try await kafka.committed("t") == ["1", "2"])
            let open = try await kafka.transaction("billing")
            #expect(open?.state.hasPrefix("Complete") == true || open?.state == "Empty", "\(open?.state ?? "")")
        }
    }

    @Test(arguments: [0, 2]) func anEmptyTransactionSendsNothing(version: Int) async throws {
        try await self.withProducer(version) { kafka, producer in
            try await producer.withTransaction { _ in }
            await #expect(throws: Refusal.self) { try await producer.withTransaction { _ in throw Refusal() } }
            #expect(kafka.requests.allSatisfy { $0.api != .endTxn })
        }
    }

    @Test func aTransactionIsOfNoUseAfterItsClosure() async throws {
        try await self.withProducer { kafka, producer in
            let kept = try await producer.withTransaction { $0 }
            #expect(await code { _ = try await kept.enqueue(self.record("late")) } == .illegalState)
            try await producer.withTransaction { transaction in
                #expect(await code { _ = try await kept.enqueue(self.record("late")) } == .illegalState)
                try await transaction.enqueue(self.record("in time"))
            }
            #expect(try await kafka.committed("t") == ["in time"])
        }
    }

    @Test func aTransactionInsideOfAnotherIsRefusedAtOnce() async throws {
        try await self.withProducer { _, producer in
            try await producer.withTransaction { _ in
                #expect(await code { try await producer.withTransaction { _ in } } == .illegalState)
            }
        }
    }

    @Test func transactionsOfSeveralTasksTakeTurns() async throws {
        try await self.withProducer { kafka, producer in
            await withTaskGroup { group in
                for task in 0..<5 {
                    group.addTask {
                        _ = try? await producer.withTransaction { transaction in
                            for number in 0..<3 { _ = try await transaction.send(self.record("\(task)\(number)")) }
                        }
                    }
                }
            }
            let values = try await kafka.committed("t")
            #expect(values.count == 15)
            for begin in stride(from: 0, to: 15, by: 3) {
                #expect(Set(values[begin..<begin + 3].map(\.first)).count == 1, "\(values)")
            }
        }
    }

    @Test func cancellingTheTaskAborts() async throws {
        try await self.withProducer { kafka, producer in
            let isStored = Promise<Void>()
            let task = Task {
                try await producer.withTransaction { transaction in
                    _ = try await transaction.send(self.record("torn"))
                    isStored.fulfill(.success(()))
                    try await Task.sleep(for: .seconds(100))
                }
            }
            try await isStored.value()
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            try await producer.withTransaction { try await $0.enqueue(self.record("next")) }
            #expect(try await kafka.committed("t") == ["next"])
        }
    }

    @Test func aRecordThatIsNotStoredAbortsTheTransaction() async throws {
        try await self.withProducer { kafka, producer in
            kafka.inject(.fail(.invalidRecord), on: .produce)
            let error = await #expect(throws: KafkaError.self) {
                try await producer.withTransaction { try await $0.enqueue(self.record("bad")) }
            }
            #expect(error?.code == .transactionAborted)
            #expect(error?.isRetriable == false, "the broker would refuse it again")
            try await producer.withTransaction { try await $0.enqueue(self.record("good")) }
            #expect(try await kafka.committed("t") == ["good"])
        }
    }

    @Test func wrongSettingsAreRefused() async throws {
        let configuration = ProducerConfiguration(KafkaClientConfiguration(bootstrapServers: ["localhost:1"]))
        #expect(
            await code { _ = try KafkaTransactionalProducer(configuration, transactionalID: "") }
                == .invalidConfiguration)
        #expect(
            await code {
                _ = try KafkaTransactionalProducer(configuration, transactionalID: "a", transactionTimeout: .zero)
            } == .invalidConfiguration)
        var unsafe = configuration
        unsafe.enableIdempotence = false
        let settings = unsafe
        #expect(
            await code { _ = try KafkaTransactionalProducer(settings, transactionalID: "a") } == .invalidConfiguration)
    }

    // MARK: Faults

    /// A lost answer must neither double nor lose a transaction, nor mix it with the next.
    @Test(
        arguments: [0, 2], [EmbeddedKafka.API.initProducerId, .addPartitionsToTxn, .produce, .endTxn, .findCoordinator])
    func lostConnectionsAreGotOver(version: Int, api: EmbeddedKafka.API) async throws {
        for fault in [EmbeddedKafka.Fault.closeBeforeWork, .closeAfterWork] {
            try await self.withProducer(version) { kafka, producer in
                for number in 0..<5 {
                    if number % 2 == 0 { kafka.inject(fault, on: api) }
                    try await producer.withTransaction { try await $0.enqueue(self.record("\(number)")) }
                    await #expect(throws: Refusal.self) {
                        try await producer.withTransaction { transaction in
                            try await transaction.enqueue(self.record("torn"))
                            throw Refusal()
                        }
                    }
                }
                #expect(try await kafka.committed("t") == ["0", "1", "2", "3", "4"])
            }
        }
    }

    @Test(arguments: [0, 2]) func errorsThatPassAreNotNoticed(version: Int) async throws {
        for code in [
            ErrorCode.concurrentTransactions, .coordinatorLoadInProgress, .notCoordinator, .coordinatorNotAvailable,
            .requestTimedOut, .unknownServerError,
        ] {
            for api in [EmbeddedKafka.API.initProducerId, .addPartitionsToTxn, .endTxn] {
                try await self.withProducer(version) { kafka, producer in
                    kafka.inject(.fail(code), on: api, times: 2)
                    try await producer.withTransaction { try await $0.enqueue(self.record("a")) }
                    try await producer.withTransaction { try await $0.enqueue(self.record("b")) }
                    #expect(try await kafka.committed("t") == ["a", "b"], "\(code) \(api)")
                }
            }
        }
    }

    @Test(arguments: [0, 2]) func theNextTransactionWaitsForTheMarkersOfTheLast(version: Int) async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.transactionVersion = version
        configuration.transactionMarkerDelay = .milliseconds(50)
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            try await kafka.createTopic("t")
            try await KafkaTransactionalProducer.withProducer(kafka.producing(), transactionalID: "a") { producer in
                for number in 0..<5 {
                    try await producer.withTransaction { try await $0.enqueue(self.record("\(number)")) }
                }
            }
            #expect(try await kafka.committed("t") == ["0", "1", "2", "3", "4"])
        }
    }

    @Test(arguments: [0, 2]) func aTransactionThatTheClusterAbortsIsTriedAgain(version: Int) async throws {
        try await self.withProducer(version) { kafka, producer in
            kafka.inject(.fail(.transactionAbortable), on: .endTxn)
            let tries = Lock(0)
            try await producer.withTransaction(retrying: 2) { transaction in
                tries.withLock { $0 += 1 }
                try await transaction.enqueue(self.record("\(tries.withLock { $0 })"))
            }
            #expect(tries.withLock { $0 } == 2)
            #expect(try await kafka.committed("t") == ["2"])
            kafka.inject(.fail(.transactionAbortable), on: .endTxn)
            let error = await #expect(throws: KafkaError.self) {
                try await producer.withTransaction { try await $0.enqueue(self.record("torn")) }
            }
            #expect(error?.code == .transactionAborted && error?.isRetriable == true)
        }
    }

    @Test(arguments: [0, 2]) func theCoordinatorMayMoveAndRestart(version: Int) async throws {
        try await self.withProducer(version, brokers: 3) { kafka, producer in
            for number in 0..<6 {
                try await producer.withTransaction { transaction in
                    _ = try await transaction.send(self.record("\(number)"))
                    try await kafka.moveCoordinator(ofTransactionalID: "billing", to: 1 + number % 3)
                }
            }
            #expect(try await kafka.committed("t") == (0..<6).map { "\($0)" })
        }
    }
}
