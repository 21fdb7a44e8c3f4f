// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation
import KafkaMemory
import KafkaTestSupport
import Testing

/// Copiers with partitions and transactional ids of their own, in place of a subscription. A new one takes over now and then, while the
/// former one goes on until it is fenced.
extension CopyChain {
    private static let copiers = 4

    /// What the copiers have done so far, and those that copy now.
    private final class Work: Sendable {
        private struct State {
            var consumers: [ObjectIdentifier: KafkaConsumer] = [:]
            var isStopping = false
            var counts: [String: Int] = [:]
        }

        private let state = Lock(State())

        var isStopping: Bool { self.state.withLock { $0.isStopping } }
        var counts: [String: Int] { self.state.withLock { $0.counts } }

        func count(_ what: String) { self.state.withLock { $0.counts[what, default: 0] += 1 } }

        /// Runs a body with a consumer, which is shut down when the work ends.
        func use(_ consumer: KafkaConsumer, _ body: () async throws -> Void) async throws {
            let id = ObjectIdentifier(consumer)
            let isStopping = self.state.withLock { state in
                state.consumers[id] = consumer
                return state.isStopping
            }
            if isStopping { consumer.triggerGracefulShutdown() }
            defer { self.state.withLock { $0.consumers[id] = nil } }
            try await body()
        }

        func stop() {
            let consumers = self.state.withLock { state in
                state.isStopping = true
                return state.consumers.values
            }
            for consumer in consumers { consumer.triggerGracefulShutdown() }
        }
    }

    /// Runs the copiers under fire for this time, and until all is copied. The result is a line on what happened.
    func runAssigned(for seconds: Int) async throws -> String {
        for topic in [self.source, self.copy] { try await self.cluster.createTopic(topic, partitions: Self.partitions) }
        let start = ContinuousClock.now
        let total = seconds * Self.rate
        let work = Work()
        let faults: [String: Int] = try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<Self.copiers { group.addTask { try await self.takeTurns(number, work) } }
            group.addTask { try await self.write(total) }
            var brokers = BrokerFaults(
                self.cluster,
                topics: [self.source: Self.partitions, self.copy: Self.partitions].merging(BrokerFaults.transactions) {
                    $1
                }.merging(BrokerFaults.groups) { $1 }, seed: self.seed)
            do {
                // Kafka's own topics are there then.
                try await eventually("something is copied") { try await self.copied() > 0 }
                try await brokers.run(for: .seconds(seconds))
                try await eventually("everything is copied", within: .seconds(120), every: .milliseconds(500)) {
                    try await self.copied() == total
                }
            } catch {
                say("  \(work.counts)")
                work.stop()
                throw error
            }
            work.stop()
            try await group.waitForAll()
            return brokers.counts
        }
        let count = try await self.countCopies(of: total)
        return "\(total) records, \(count) copies, \(ContinuousClock.now - start); "
            + faults.merging(work.counts) { $1 }.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
            .joined(separator: ", ")
    }

    /// Lets one copier after the other take over the partitions of a number.
    private func takeTurns(_ number: Int, _ work: Work) async throws {
        await withTaskGroup(of: Void.self) { group in
            var random = SeededRandom(self.seed &+ UInt64(number))
            while !work.isStopping {
                let (turns, next) = AsyncStream<Void>.makeStream()
                let batches = Int.random(in: 20...80, using: &random)
                group.addTask {
                    await self.copy(number, work, batches: batches) { next.finish() }
                    next.finish()
                }
                for await _ in turns {}
                work.count("takeovers")
            }
        }
    }

    /// Copies until the work ends or the next copier has fenced this one.
    ///
    /// - Parameter isReplaced: Called when it is the turn of the next one, after a number of batches. This one goes on.
    private func copy(_ number: Int, _ work: Work, batches: Int, isReplaced: () -> Void) async {
        let own = (0..<Self.partitions).filter { $0 % Self.copiers == number }
        var configuration = self.clients.consumer(group: self.group)
        configuration.enableAutoCommit = false
        configuration.isolationLevel = .readCommitted
        var done = 0
        do {
            try await KafkaTransactionalProducer.withProducer(
                ProducerConfiguration(self.clients.client), transactionalID: "\(self.group)-\(number)",
                transactionTimeout: .seconds(10)
            ) { producer in
                let assigned = own.map { TopicPartition(self.source, Int32($0)) }
                try await KafkaConsumer.withConsumer(configuration, assigned: assigned) { consumer in
                    try await work.use(consumer) {
                        try await producer.process(consumer, every: .milliseconds(20)) { batch, transaction in
                            for record in batch {
                                try await transaction.enqueue(
                                    ProducerRecord(
                                        topic: self.copy, partition: record.partition, key: record.key,
                                        value: record.value))
                            }
                            done += 1
                            if done == batches { isReplaced() }
                        }
                    }
                }
            }
        } catch {
            work.count((error as? KafkaError).map { "times \($0.code)" } ?? "other errors")
        }
    }
}
