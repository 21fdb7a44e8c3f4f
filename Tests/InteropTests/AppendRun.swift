// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaMemory
import KafkaTestSupport
import Testing

/// Transactions that append numbers to several partitions at once, while readers read and a body causes faults.
///
/// Each transactional id has a producer that is taken over by a new one now and then. The old one goes on until it notices.
struct AppendRun: Sendable {
    static let ids = 4
    static let partitions = 6
    /// The timeout of transactions, after which Kafka aborts what is left open.
    static let transactionTimeout = Duration.seconds(10)

    let history = AppendHistory()
    let topic: String
    private let client: KafkaClientConfiguration
    private let seed: UInt64
    private let isRunning = Lock(true)
    private let notes = Lock(Notes())

    private struct Notes {
        var takeovers = 0
        var fenced = 0
        var errors: [String: Int] = [:]
    }

    /// What a run has found.
    struct Result: Sendable {
        let run: AppendRun
        /// What `read_committed` finds in the end.
        let log: [AppendHistory.Stored]
        /// What `read_uncommitted` finds in the end.
        let uncommitted: [AppendHistory.Stored]
        /// What each reader found during the run.
        let readers: [[AppendHistory.Stored]]

        var violations: [String] {
            self.run.history.violations(in: self.log)
                + self.readers.flatMap { AppendHistory.violations(of: $0, comparedWith: self.log) }
        }

        /// Checks the result, and that the run could have found something.
        func expectNoViolation(seed: UInt64, _ faults: [String: Int]) {
            let counts = faults.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            say("  seed \(seed): \(self.run.summary)\n  \(self.log.count) numbers read; \(counts)")
            #expect(self.violations.prefix(10) == [], "seed \(seed)")
            #expect(self.run.history.count(.committed) > 20, "seed \(seed)")
            // Readers have read while transactions ran, and the aborted ones were really written.
            #expect(self.readers.count == 2, "seed \(seed)")
            #expect(!self.run.history.violations(in: self.uncommitted).isEmpty, "seed \(seed)")
        }
    }

    init(_ client: KafkaClientConfiguration, topic: String, seed: UInt64) {
        var client = client
        // An answer that is lost shouldn't take much of the run.
        client.requestTimeout = .seconds(2)
        self.client = client
        self.topic = topic
        self.seed = seed
    }

    static func transactionalID(_ id: Int, topic: String) -> String { "\(topic)-\(id)" }

    /// Runs the transactions during `body`, and reads the whole log when all of them have ended.
    func run(during body: () async throws -> Void) async throws -> Result {
        let readers = try await withThrowingTaskGroup(of: [AppendHistory.Stored].self) { group in
            for id in 0..<Self.ids {
                group.addTask {
                    try await self.use(id)
                    return []
                }
            }
            for _ in 0..<2 {
                group.addTask { try await self.read(.readCommitted) { _ in self.isRunning.withLock { $0 } } }
            }
            do {
                try await body()
            } catch {
                self.isRunning.withLock { $0 = false }
                throw error
            }
            self.isRunning.withLock { $0 = false }
            var readers: [[AppendHistory.Stored]] = []
            for try await read in group where !read.isEmpty { readers.append(read) }
            return readers
        }
        return Result(
            run: self, log: try await self.readAll(.readCommitted),
            uncommitted: try await self.readAll(.readUncommitted),
            readers: readers)
    }

    /// Waits until so many transactions are committed.
    func untilCommitted(_ count: Int) async throws {
        try await eventually("\(count) transactions are committed") { self.history.count(.committed) >= count }
    }

    // MARK: - Writing

    /// Runs the producers of a transactional id, each of which takes over from the one before.
    private func use(_ id: Int) async throws {
        await withTaskGroup(of: Void.self) { group in
            var producer = 0
            while self.isRunning.withLock({ $0 }) {
                let (turns, next) = AsyncStream<Void>.makeStream()
                let number = producer
                group.addTask {
                    await self.write(id: id, producer: number) { next.finish() }
                    next.finish()
                }
                for await _ in turns {}
                producer += 1
                if producer > 1 { self.notes.withLock { $0.takeovers += 1 } }
            }
        }
    }

    /// Writes with a producer until the run ends or it is fenced.
    ///
    /// - Parameter isReplaced: Called when it is the turn of the next producer. This one goes on.
    private func write(id: Int, producer number: Int, isReplaced: () -> Void) async {
        var random = SeededRandom(self.seed &* 1000 &+ UInt64(id * 100_000 + number))
        var configuration = ProducerConfiguration(self.client)
        configuration.deliveryTimeout = .seconds(8)
        configuration.maxBlock = .seconds(8)
        let turns = Int.random(in: 20...80, using: &random)
        do {
            try await KafkaTransactionalProducer.withProducer(
                configuration, transactionalID: Self.transactionalID(id, topic: self.topic),
                transactionTimeout: Self.transactionTimeout
            ) { producer in
                var turn = 0
                while self.isRunning.withLock({ $0 }) {
                    if turn == turns { isReplaced() }
                    let transaction = AppendedNumber.Transaction(id: id, producer: number, number: turn)
                    guard await self.append(transaction, with: producer, &random) else { return }
                    turn += 1
                    // The pace.
                    try await Task.sleep(for: .milliseconds(Int64.random(in: 0...10, using: &random)))
                }
            }
        } catch {
            self.note(error)
        }
    }

    private struct OnPurpose: Error {}

    /// Runs a transaction. Returns false if the producer can't be used anymore.
    private func append(
        _ transaction: AppendedNumber.Transaction, with producer: KafkaTransactionalProducer,
        _ random: inout SeededRandom
    ) async -> Bool {
        let places = (0..<Int.random(in: 1...8, using: &random)).map { _ in
            Int.random(in: 0..<Self.partitions, using: &random)
        }
        let isAborted = Int.random(in: 0..<5, using: &random) == 0
        let isSlow = Int.random(in: 0..<4, using: &random) == 0
        let cancellation = Int.random(in: 0..<10, using: &random) == 0 ? Int64.random(in: 0...15, using: &random) : nil
        self.history.begins(transaction, in: places)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await producer.withTransaction { open in
                        for (index, partition) in places.enumerated() {
                            let record = ProducerRecord(
                                topic: self.topic, partition: Int32(partition), key: "key-\(partition)",
                                value: AppendedNumber(transaction, index: index).text)
                            // What is sent alone is in the log before the transaction ends, also if it is aborted.
                            if isSlow { _ = try await open.send(record) } else { try await open.enqueue(record) }
                        }
                        if isAborted { throw OnPurpose() }
                    }
                }
                if let cancellation {
                    // The moment of the cancellation, which may be in the middle of the commit.
                    try await Task.sleep(for: .milliseconds(cancellation))
                    group.cancelAll()
                }
                try await group.waitForAll()
            }
            self.history.ended(transaction, .committed)
            return true
        } catch is OnPurpose {
            self.history.ended(transaction, .aborted)
            return true
        } catch is CancellationError {
            self.history.ended(transaction, .aborted)
            return true
        } catch let error as KafkaError {
            self.history.ended(transaction, error.isOutcomeUnknown ? .unknown : .aborted)
            self.note(error)
            // After a fatal error, the producer is closed.
            return !error.isFatal && error.code != .closed
        } catch {
            self.history.ended(transaction, .aborted)
            self.note(error)
            return false
        }
    }

    private func note(_ error: any Error) {
        self.notes.withLock { notes in
            let error = error as? KafkaError
            if error?.code == .producerFenced { notes.fenced += 1 }
            let name = (error?.code.description ?? "other") + (error?.isOutcomeUnknown == true ? " (unknown)" : "")
            notes.errors[name, default: 0] += 1
        }
    }

    /// A line on what happened.
    var summary: String {
        let notes = self.notes.withLock { $0 }
        let outcomes = [AppendHistory.Outcome.committed, .aborted, .unknown].map { self.history.count($0) }
        return "\(outcomes[0]) transactions committed, \(outcomes[1]) aborted, \(outcomes[2]) unknown; "
            + "\(notes.takeovers) takeovers, \(notes.fenced) times fenced; errors: "
            + notes.errors.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    // MARK: - Reading

    /// Reads all partitions from their beginnings as long as `isWanted` says so.
    private func read(
        _ isolation: IsolationLevel, while isWanted: (KafkaConsumer) async throws -> Bool
    ) async throws -> [AppendHistory.Stored] {
        var configuration = ConsumerConfiguration(self.client)
        configuration.autoOffsetReset = .earliest
        configuration.isolationLevel = isolation
        // Small fetches, so that transactions span several of them.
        configuration.maxPartitionFetchBytes = 2000
        let partitions = (0..<Self.partitions).map { TopicPartition(self.topic, Int32($0)) }
        return try await KafkaConsumer.withConsumer(configuration, assigned: partitions) { consumer in
            var stored: [AppendHistory.Stored] = []
            while try await isWanted(consumer) {
                for record in try await consumer.poll(max: 1000, timeout: .milliseconds(100)) {
                    stored.append(
                        AppendHistory.Stored(
                            partition: Int(record.partition), offset: record.offset, text: record.text ?? "nil"))
                }
            }
            return stored
        }
    }

    /// Reads the whole log, once no transaction is open anymore.
    private func readAll(_ isolation: IsolationLevel) async throws -> [AppendHistory.Stored] {
        let partitions = (0..<Self.partitions).map { TopicPartition(self.topic, Int32($0)) }
        let ends = try await KafkaAdminClient.withAdminClient(self.client) { admin in
            let latest = Dictionary(uniqueKeysWithValues: partitions.map { ($0, OffsetSpec.latest) })
            func ends(_ isolation: IsolationLevel) async throws -> [TopicPartition: Int64] {
                try await admin.listOffsets(latest, isolationLevel: isolation).allSucceeded().compactMapValues {
                    $0?.offset
                }
            }
            try await eventually("all transactions have ended", within: Self.transactionTimeout + .seconds(50)) {
                let (stable, all) = (try await ends(.readCommitted), try await ends(.readUncommitted))
                return stable == all
            }
            return try await ends(.readUncommitted)
        }
        return try await self.read(isolation) { consumer in
            for partition in partitions {
                if try await consumer.position(of: partition) < ends[partition] ?? 0 { return true }
            }
            return false
        }
    }
}
