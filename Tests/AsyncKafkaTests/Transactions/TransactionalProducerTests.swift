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
@Suite(.timeLimit(.minutes(1))) struct TransactionalProducerTests {
    private struct Refusal: Error {}

    private func record(_ value: String, in topic: String = "t") -> ProducerRecord {
        ProducerRecord(topic: topic, value: Bytes(value))
    }

    /// Runs `body` with a topic `t` and a producer.
    private func withProducer(
        _ version: Int = 2, brokers: Int = 1, id: String = "billing", timeout: Duration = .seconds(60),
        _ change: @escaping @Sendable (inout ProducerConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (EmbeddedKafka, KafkaTransactionalProducer) async throws -> Void
    ) async throws {
        var configuration = EmbeddedKafka.Configuration(brokers: brokers)
        configuration.transactionVersion = version
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            try await kafka.createTopic("t")
            try await KafkaTransactionalProducer.withProducer(
                kafka.producing(change), transactionalID: id, transactionTimeout: timeout
            ) { try await body(kafka, $0) }
        }
    }

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

    // MARK: Fencing

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
            kafka.answer(AddPartitionsToTxnRequest.self) { request, _ in
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

extension EmbeddedKafka {
    /// The values of a topic's first partition that those who read committed get.
    func committed(_ topic: String) async throws -> [String] {
        var configuration = self.consuming()
        configuration.isolationLevel = .readCommitted
        let partition = TopicPartition(topic, 0)
        return try await KafkaConsumer.withConsumer(configuration, assigned: [partition]) { consumer in
            var values: [String] = []
            // The end of the log in general, behind the last marker: what is undecided must not be passed over.
            var all = self.consuming()
            all.isolationLevel = .readUncommitted
            let end = try await KafkaConsumer.withConsumer(all, assigned: [partition]) {
                try await $0.endOffsets(of: [partition])[partition] ?? 0
            }
            while try await consumer.position(of: partition) < end {
                for record in try await consumer.poll(timeout: .milliseconds(100)) {
                    values.append(record.value.map { String(decoding: $0, as: UTF8.self) } ?? "")
                }
            }
            return values
        }
    }
}

/// The code of the error that `body` throws.
private func code(_ body: () async throws -> Void) async -> KafkaError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? KafkaError)?.code
    }
}
