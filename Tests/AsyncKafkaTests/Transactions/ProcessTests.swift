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

/// `KafkaTransactionalProducer.process` copies from a topic to another, and each record arrives once.
@Suite(.timeLimit(.minutes(1))) struct ProcessTests {
    private struct Refusal: Error {}

    /// A cluster with the topics `in` and `out`. `in` has `count` records in batches of one record.
    private func withTopics(
        _ count: Int, partitions: Int = 1, version: Int = 2,
        _ body: @escaping @Sendable (EmbeddedKafka) async throws -> Void
    ) async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.transactionVersion = version
        configuration.sessionTimeouts = .milliseconds(100) ... .seconds(60)
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            try await kafka.createTopic("in", partitions: partitions)
            try await kafka.createTopic("out")
            let settings = kafka.producing { $0.linger = .zero }
            try await KafkaProducer.withProducer(settings) { producer in
                for number in 0..<count {
                    _ = try await producer.send(
                        ProducerRecord(topic: "in", partition: Int32(number % partitions), value: Bytes("\(number)")))
                }
            }
            try await body(kafka)
        }
    }

    private func consuming(_ kafka: EmbeddedKafka) -> ConsumerConfiguration {
        var configuration = kafka.consuming("group")
        configuration.enableAutoCommit = false
        configuration.isolationLevel = .readCommitted
        return configuration
    }

    /// Copies until `count` records are committed. `check` may throw for a record.
    private func copy(
        _ kafka: EmbeddedKafka, until count: Int, id: String = "copier", every interval: TransactionInterval = .batch,
        _ check: @escaping @Sendable (String, KafkaConsumer) async throws -> Void = { _, _ in }
    ) async throws {
        try await KafkaTransactionalProducer.withProducer(kafka.producing(), transactionalID: id) { producer in
            try await KafkaConsumer.withConsumer(self.consuming(kafka), subscribedTo: ["in"]) { consumer in
                async let end: Void = {
                    try await kafka.untilCommitted(count, in: "out")
                    consumer.triggerGracefulShutdown()
                }()
                while true {
                    do {
                        try await producer.process(consumer, every: interval) { batch, transaction in
                            for record in batch {
                                let text = record.value.map { String(decoding: $0, as: UTF8.self) } ?? ""
                                try await transaction.enqueue(ProducerRecord(topic: "out", value: Bytes(text)))
                                try await check(text, consumer)
                            }
                        }
                        break
                    } catch is Refusal {}
                }
                try await end
            }
        }
    }

    private func texts(_ count: Int) -> [String] { (0..<count).map { "\($0)" } }

    @Test(arguments: [0, 2]) func whatAClosureFailedAtIsProcessedAgain(version: Int) async throws {
        try await self.withTopics(30, version: version) { kafka in
            let failing = Lock<Set<String>>(["0", "7", "29"])
            try await self.copy(kafka, until: 30, every: .records(4)) { text, _ in
                if failing.withLock({ $0.remove(text) }) != nil { throw Refusal() }
            }
            #expect(failing.withLock { $0.isEmpty })
            #expect(try await kafka.committed("out") == self.texts(30))
            #expect(try await kafka.groupOffset("group", "in") == 30)
        }
    }

    @Test(arguments: [0, 2], [EmbeddedKafka.API.produce, .addOffsetsToTxn, .txnOffsetCommit, .endTxn, .fetch])
    func lostConnectionsAreGotOver(version: Int, api: EmbeddedKafka.API) async throws {
        try await self.withTopics(20, version: version) { kafka in
            let faults = [EmbeddedKafka.Fault.closeAfterWork, .closeBeforeWork].map {
                kafka.inject($0, on: api, times: 2)
            }
            try await self.copy(kafka, until: 20)
            #expect(try await kafka.committed("out") == self.texts(20))
            #expect(try await kafka.groupOffset("group", "in") == 20)
            if api != .addOffsetsToTxn || version == 0 { #expect(faults.allSatisfy { $0.hits == 2 }) }
        }
    }

    @Test(arguments: [ErrorCode.illegalGeneration, .unknownMemberId, .transactionAbortable])
    func whatTheGroupRefusesIsReadAgain(code: ErrorCode) async throws {
        try await self.withTopics(20) { kafka in
            let faults = kafka.inject(.fail(code), on: .txnOffsetCommit, times: 3)
            try await self.copy(kafka, until: 20, every: .records(5))
            #expect(faults.hits == 3)
            #expect(try await kafka.committed("out") == self.texts(20))
        }
    }

    @Test func theIntervalDecidesHowManyTransactionsThereAre() async throws {
        for (interval, expected) in [
            (TransactionInterval.batch, 12...12), (.records(4), 3...3), (.bytes(1 << 20), 1...3),
            (.milliseconds(300), 1...2), (.seconds(60).or(.records(6)), 2...2),
        ] {
            try await self.withTopics(12) { kafka in
                // All batches must have been fetched, so that none has to be waited for.
                try await self.copy(kafka, until: 12, every: interval) { _, consumer in
                    try await eventually("everything is fetched") {
                        try consumer.lag(of: TopicPartition("in", 0)) != nil && consumer.bufferedRecordsAreComplete(12)
                    }
                }
                let ends = kafka.requests.count { $0.api == .endTxn }
                #expect(expected.contains(ends), "\(interval): \(ends)")
                #expect(try await kafka.committed("out") == self.texts(12))
            }
        }
    }

    /// The first member has a transaction open when the second joins: it is committed before the partitions go.
    @Test(arguments: [0, 2]) func aRebalanceEndsTheTransactionFirst(version: Int) async throws {
        try await self.withTopics(40, partitions: 2, version: version) { kafka in
            let hasBegun = Promise<Void>()
            async let first: Void = self.copy(kafka, until: 40, id: "first", every: .seconds(50)) { _, _ in
                hasBegun.fulfill(.success(()))
            }
            try await hasBegun.value()
            try await self.copy(kafka, until: 40, id: "second", every: .milliseconds(20))
            try await first
            let values = try await kafka.committed("out")
            #expect(values.sorted() == self.texts(40).sorted())
        }
    }

    /// Otherwise a transaction that is never short of records would last too long.
    @Test func theTimeOfATransactionEndsItAlsoIfThereIsAlwaysMore() async throws {
        try await self.withTopics(60) { kafka in
            try await self.copy(kafka, until: 60, every: .milliseconds(20)) { _, _ in
                try await Task.sleep(for: .milliseconds(5))
            }
            let ends = kafka.requests.count { $0.api == .endTxn }
            #expect(ends >= 5, "\(ends)")
            #expect(try await kafka.committed("out") == self.texts(60))
        }
    }

    @Test func aGracefulShutdownCommitsWhatIsInHand() async throws {
        try await self.withTopics(3) { kafka in
            try await KafkaTransactionalProducer.withProducer(kafka.producing(), transactionalID: "a") { producer in
                try await KafkaConsumer.withConsumer(self.consuming(kafka), subscribedTo: ["in"]) { consumer in
                    try await producer.process(consumer) { batch, transaction in
                        consumer.triggerGracefulShutdown()
                        try await Task.sleep(for: .milliseconds(100))
                        for record in batch {
                            try await transaction.enqueue(ProducerRecord(topic: "out", value: record.value))
                        }
                    }
                }
            }
            #expect(try await kafka.committed("out") == ["0"])
            #expect(try await kafka.groupOffset("group", "in") == 1)
        }
    }

    /// Its positions must be those of the group, which has the offsets of the commit whose answer never came.
    @Test(arguments: [true, false]) func aConsumerGoesOnWithANewProducerAfterAnUnknownCommit(isSubscribed: Bool)
        async throws
    {
        try await self.withTopics(6) { kafka in
            let body: @Sendable (KafkaConsumer) async throws -> Void = { consumer in
                let error = await #expect(throws: KafkaError.self) {
                    try await KafkaTransactionalProducer.withProducer(
                        kafka.producing { $0.cluster.requestTimeout = .milliseconds(100) }, transactionalID: "a",
                        transactionTimeout: .seconds(3)
                    ) { producer in
                        try await producer.process(consumer, every: .records(3)) { batch, transaction in
                            for record in batch {
                                try await transaction.enqueue(ProducerRecord(topic: "out", value: record.value))
                            }
                            kafka.inject(.dropAnswer, on: .endTxn, times: nil)
                        }
                    }
                }
                #expect(error?.isOutcomeUnknown == true, "\(error?.description ?? "")")
                kafka.removeFaults()
                try await KafkaTransactionalProducer.withProducer(kafka.producing(), transactionalID: "a") { producer in
                    async let end: Void = {
                        try await kafka.untilCommitted(6, in: "out")
                        consumer.triggerGracefulShutdown()
                    }()
                    try await producer.process(consumer) { batch, transaction in
                        for record in batch {
                            try await transaction.enqueue(ProducerRecord(topic: "out", value: record.value))
                        }
                    }
                    try await end
                }
            }
            if isSubscribed {
                try await KafkaConsumer.withConsumer(self.consuming(kafka), subscribedTo: ["in"], body)
            } else {
                try await KafkaConsumer.withConsumer(
                    self.consuming(kafka), assigned: [TopicPartition("in", 0)], body)
            }
            #expect(try await kafka.committed("out") == self.texts(6))
        }
    }

    /// Whether the closure reads, or has the records already: after an abort no record is left out or comes twice.
    @Test(arguments: [true, false], [true, false])
    func byHandAnAbortSetsTheConsumerBack(readsInside: Bool, startsAtOffset: Bool) async throws {
        try await self.withTopics(10) { kafka in
            let partition = TopicPartition("in", 0)
            try await KafkaTransactionalProducer.withProducer(kafka.producing(), transactionalID: "a") { producer in
                try await KafkaConsumer.withConsumer(self.consuming(kafka), assigned: [partition]) { consumer in
                    if startsAtOffset { try await consumer.seek(partition, to: .offset(0)) }
                    var copied = 0
                    var outside: [ConsumerRecord] = []
                    while copied < 10 {
                        // Every second transaction is aborted once.
                        kafka.inject(.fail(.transactionAbortable), on: .endTxn)
                        if !readsInside { outside = try await consumer.poll(max: 2, timeout: .seconds(10)) }
                        copied += try await producer.withTransaction(retrying: 3) { transaction in
                            let records =
                                readsInside ? try await consumer.poll(max: 2, timeout: .seconds(10)) : outside
                            for record in records {
                                try await transaction.enqueue(ProducerRecord(topic: "out", value: record.value))
                            }
                            let offset = OffsetAndMetadata(offset: (records.last?.offset ?? -1) + 1)
                            try await transaction.commit([partition: offset], of: consumer)
                            return records.count
                        }
                    }
                }
            }
            #expect(try await kafka.committed("out") == self.texts(10))
            #expect(try await kafka.groupOffset("group", "in") == 10)
        }
    }

    /// The consumer waits for records, in a transaction that is open or beside one, when the producer closes.
    @Test(arguments: [TransactionInterval.batch, .seconds(20)])
    func aProducerThatClosesEndsTheProcess(every interval: TransactionInterval) async throws {
        try await self.withTopics(3) { kafka in
            try await KafkaTransactionalProducer.withProducer(kafka.producing(), transactionalID: "a") { producer in
                try await KafkaConsumer.withConsumer(self.consuming(kafka), subscribedTo: ["in"]) { consumer in
                    let count = Lock(0)
                    async let closing: Void = {
                        try await eventually("all records are written") {
                            if interval == .batch { return try await kafka.groupOffset("group", "in") == 3 }
                            return count.withLock { $0 } == 3
                        }
                        producer.triggerGracefulShutdown()
                    }()
                    let error = await #expect(throws: KafkaError.self) {
                        try await producer.process(consumer, every: interval) { batch, transaction in
                            for record in batch {
                                try await transaction.enqueue(ProducerRecord(topic: "out", value: record.value))
                            }
                            count.withLock { $0 += batch.count }
                        }
                    }
                    #expect(error?.code == .closed)
                    try await closing
                    #expect(try await kafka.committed("out") == self.texts(3))
                }
            }
        }
    }

    /// With `assign`, only the transactional id keeps two instances apart, and the first one can commit until it is fenced: after
    /// the second one's consumer has looked up the group's offsets and fetched records.
    @Test(arguments: [0, 3])
    func anInstanceThatTakesOverBeginsBehindTheFormerOne(committed: Int) async throws {
        try await self.withTopics(10) { kafka in
            let assigned = [TopicPartition("in", 0)]
            @Sendable func copy(_ body: (KafkaTransactionalProducer, KafkaConsumer) async throws -> Void) async throws {
                try await KafkaTransactionalProducer.withProducer(kafka.producing(), transactionalID: "a") { producer in
                    try await KafkaConsumer.withConsumer(self.consuming(kafka), assigned: assigned) {
                        try await body(producer, $0)
                    }
                }
            }
            @Sendable func write(_ batch: ConsumerRecordBatch, _ transaction: KafkaTransaction) async throws {
                for record in batch {
                    try await transaction.enqueue(ProducerRecord(topic: "out", value: record.value))
                }
            }
            let (isAtWork, mayGoOn) = (Promise<Void>(), Promise<Void>())
            let hold = EmbeddedKafka.Hold()
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    try await copy { producer, consumer in
                        try await producer.process(consumer) { batch, transaction in
                            if batch.offsets.lowerBound == Int64(committed) {
                                isAtWork.fulfill(.success(()))
                                try await mayGoOn.value()
                            }
                            try await write(batch, transaction)
                            if batch.offsets.contains(6) { consumer.triggerGracefulShutdown() }
                        }
                    }
                }
                try await isAtWork.value()
                kafka.inject(.hold(hold), on: .initProducerId, times: 1)
                try await copy { producer, consumer in
                    tasks.addTask { [consumer] in
                        try await eventually("the second instance has records") {
                            consumer.bufferedRecordsAreComplete(10)
                        }
                        await hold.untilHeld()
                        mayGoOn.fulfill(.success(()))
                        try await kafka.untilCommitted(7, in: "out")
                        hold.release()
                        try await kafka.untilCommitted(10, in: "out")
                        consumer.triggerGracefulShutdown()
                    }
                    try await producer.process(consumer) { try await write($0, $1) }
                }
                try await tasks.waitForAll()
            }
            #expect(try await kafka.committed("out") == self.texts(10))
        }
    }

    /// An interval that is longer than the transaction may last, and no records that would end the wait.
    @Test func aTransactionIsCommittedInTimeWhateverTheInterval() async throws {
        try await self.withTopics(3) { kafka in
            try await KafkaTransactionalProducer.withProducer(
                kafka.producing(), transactionalID: "a", transactionTimeout: .seconds(4)
            ) { producer in
                try await KafkaConsumer.withConsumer(self.consuming(kafka), subscribedTo: ["in"]) { consumer in
                    async let end: Void = {
                        try await kafka.untilCommitted(3, in: "out")
                        consumer.triggerGracefulShutdown()
                    }()
                    try await producer.process(consumer, every: .seconds(100), retrying: 0) { batch, transaction in
                        for record in batch {
                            try await transaction.enqueue(ProducerRecord(topic: "out", value: record.value))
                        }
                    }
                    try await end
                }
            }
        }
    }

    @Test func aConsumerThatCommitsOtherwiseIsRefused() async throws {
        try await self.withTopics(1) { kafka in
            try await KafkaTransactionalProducer.withProducer(kafka.producing(), transactionalID: "a") { producer in
                var automatic = self.consuming(kafka)
                automatic.enableAutoCommit = true
                var alone = self.consuming(kafka)
                alone.groupID = nil
                for configuration in [automatic, alone] {
                    try await KafkaConsumer.withConsumer(configuration, assigned: [TopicPartition("in", 0)]) {
                        consumer in
                        let error = await #expect(throws: KafkaError.self) {
                            try await producer.process(consumer) { _, _ in }
                        }
                        #expect(error?.code == .illegalState)
                    }
                }
                try await KafkaConsumer.withConsumer(self.consuming(kafka), subscribedTo: ["in"]) { consumer in
                    try await producer.process(consumer) { _, _ in
                        let commit = await #expect(throws: KafkaError.self) { try await consumer.commit() }
                        #expect(commit?.code == .illegalState)
                        let second = await #expect(throws: KafkaError.self) {
                            try await producer.process(consumer) { _, _ in }
                        }
                        #expect(second?.code == .illegalState)
                        consumer.triggerGracefulShutdown()
                    }
                }
            }
        }
    }
}

extension KafkaConsumer {
    /// Whether the consumer has fetched, or delivered, the records of partition 0 of `in` up to an offset.
    fileprivate func bufferedRecordsAreComplete(_ end: Int64) -> Bool {
        self.core.state.withLock { state in
            guard let assigned = state.subscriptions.partitions[TopicPartition("in", 0)] else { return false }
            return (assigned.chunks.last?.end?.offset ?? assigned.position.offset) >= end
        }
    }
}

extension EmbeddedKafka {
    /// Waits until this number of records is visible to those who read committed in a topic's first partition.
    fileprivate func untilCommitted(_ count: Int, in topic: String) async throws {
        var configuration = self.consuming()
        configuration.isolationLevel = .readCommitted
        try await KafkaConsumer.withConsumer(configuration, assigned: [TopicPartition(topic, 0)]) { consumer in
            var seen = 0
            while seen < count { seen += try await consumer.poll(timeout: .seconds(1)).count }
        }
    }
}
