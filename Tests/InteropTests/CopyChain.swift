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

/// Copies a topic to another one under fire, by members of a group of which some are Kafka's own `TransactionalMessageCopier`.
struct CopyChain {
    static let partitions = 8
    /// The records a second.
    static let rate = 200
    static let isPossible = RealKafka.toolsClassPath != nil

    let cluster: RealCluster
    let source = unique("source")
    let copy = unique("copy")
    let group = unique("copiers")
    let seed: UInt64

    init(_ cluster: RealCluster, seed: UInt64) {
        self.cluster = cluster
        self.seed = seed
    }

    var clients: TestCluster { .real(self.cluster) }

    /// Runs the copiers under fire for this time, and until all is copied. The result is a line on what happened.
    func run(for seconds: Int) async throws -> String {
        for topic in [self.source, self.copy] { try await self.cluster.createTopic(topic, partitions: Self.partitions) }
        let start = ContinuousClock.now
        let java = ["java-1", "java-2"].map { id in
            Supervised(id) { [self] in
                try KafkaTool.start(
                    "org.apache.kafka.tools.TransactionalMessageCopier",
                    [
                        "--broker-list", self.cluster.bootstrap, "--input-topic", self.source, "--input-partition", "0",
                        "--output-topic", self.copy, "--consumer-group", self.group, "--transactional-id",
                        "\(self.group)-\(id)", "--transaction-size", "50", "--transaction-timeout", "10000",
                        "--enable-random-aborts", "--group-mode", "--use-group-metadata",
                    ])
            }
        }
        let total = seconds * Self.rate
        let (counts, own): ([String: Int], Int) = try await withThrowingTaskGroup(of: Int.self) { group in
            for copier in java {
                group.addTask {
                    try await copier.run()
                    return 0
                }
            }
            let own = OwnCopiers()
            for id in ["own-1", "own-2"] { group.addTask { try await self.copy(as: id, own) } }
            group.addTask {
                try await self.write(total)
                return 0
            }
            var brokers = BrokerFaults(
                self.cluster,
                topics: [self.source: Self.partitions, self.copy: Self.partitions].merging(BrokerFaults.transactions) {
                    $1
                }.merging(BrokerFaults.groups) { $1 }, seed: self.seed)
            async let kills = self.kill(java, for: .seconds(seconds))
            try await brokers.run(for: .seconds(seconds))
            var counts = brokers.counts
            counts["copiers killed"] = try await kills
            try await eventually("everything is copied", within: .seconds(120), every: .milliseconds(500)) {
                try await self.copied() == total
            }
            for copier in java { await copier.stop() }
            own.stop()
            return (counts, try await group.reduce(0, +))
        }
        let count = try await self.countCopies(of: total)
        return "\(total) records, \(count) copies, of which ours copied \(own), \(ContinuousClock.now - start); "
            + counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }

    /// Reads the copies with Kafka's own consumer, compares them with the records, and returns their number.
    func countCopies(of total: Int) async throws -> Int {
        let written = try await self.cluster.readCommitted(self.source)
        let read = try await self.cluster.readCommitted(self.copy)
        for partition in 0..<Self.partitions {
            let values = [read, written].map { $0.filter { $0.partition == partition }.map(\.value) }
            #expect(values[0] == values[1], "partition \(partition), seed \(self.seed)")
        }
        #expect(read.count == total, "seed \(self.seed)")
        return read.count
    }

    func write(_ total: Int) async throws {
        try await self.clients.withProducer { producer in
            let start = ContinuousClock.now
            for number in 0..<total {
                // The pace.
                if number % 10 == 0 { try await Task.sleep(until: start + .seconds(number) / Self.rate) }
                try await producer.enqueue(
                    ProducerRecord(
                        topic: self.source, partition: Int32(number % Self.partitions), key: "k", value: "\(number)"))
            }
        }
    }

    // MARK: - Copying

    /// The consumers of this library's members.
    private final class OwnCopiers: Sendable {
        private let state = Lock<(consumers: [String: KafkaConsumer], isStopping: Bool)>(([:], false))

        var isStopping: Bool { self.state.withLock { $0.isStopping } }

        func began(_ id: String, _ consumer: KafkaConsumer) {
            let isStopping = self.state.withLock { state in
                state.consumers[id] = consumer
                return state.isStopping
            }
            if isStopping { consumer.triggerGracefulShutdown() }
        }

        func stop() {
            let consumers = self.state.withLock { state in
                state.isStopping = true
                return state.consumers
            }
            for consumer in consumers.values { consumer.triggerGracefulShutdown() }
        }
    }

    /// Copies with this library, and begins again with a new producer if it can't go on. Returns the number of copies.
    private func copy(as id: String, _ own: OwnCopiers) async throws -> Int {
        var configuration = self.clients.consumer(group: self.group)
        configuration.enableAutoCommit = false
        configuration.isolationLevel = .readCommitted
        configuration.classic.sessionTimeout = .seconds(10)
        let copies = Lock(0)
        while !own.isStopping {
            do {
                try await KafkaTransactionalProducer.withProducer(
                    ProducerConfiguration(self.clients.client), transactionalID: "\(self.group)-\(id)",
                    transactionTimeout: .seconds(10)
                ) { producer in
                    try await KafkaConsumer.withConsumer(configuration, subscribedTo: [self.source]) { consumer in
                        own.began(id, consumer)
                        try await producer.process(consumer, every: .milliseconds(50)) { batch, transaction in
                            for record in batch {
                                try await transaction.enqueue(
                                    ProducerRecord(
                                        topic: self.copy, partition: record.partition, key: record.key,
                                        value: record.value))
                            }
                            copies.withLock { $0 += batch.count }
                        }
                    }
                }
            } catch {
                say("  \(id) begins again: \(error)")
            }
        }
        return copies.withLock { $0 }
    }

    private func kill(_ copiers: [Supervised], for time: Duration) async throws -> Int {
        var random = SeededRandom(self.seed &+ 1)
        var count = 0
        let end = ContinuousClock.now + time
        while ContinuousClock.now < end {
            // The time without a fault.
            try await Task.sleep(for: .milliseconds(Int64.random(in: 5000...12_000, using: &random)))
            await copiers.randomElement(using: &random)?.kill()
            count += 1
        }
        return count
    }

    /// Returns how many records are copied, according to the group's offsets.
    func copied() async throws -> Int {
        let partitions = (0..<Self.partitions).map { TopicPartition(self.source, Int32($0)) }
        return try await KafkaAdminClient.withAdminClient(self.clients.client) { admin in
            // Before Kafka 2.5, offsets of open transactions can't be waited for.
            let isStable = self.cluster.installation.version >= KafkaVersion(2, 5)
            return try await admin.listGroupOffsets(of: self.group, in: partitions, requireStable: isStable)
                .allSucceeded()
                .values.map { Int($0?.offset ?? 0) }.reduce(0, +)
        }
    }
}

extension RealCluster {
    /// A record that Kafka's own console consumer has printed.
    struct PrintedRecord {
        let partition: Int
        let key: String
        let value: String
    }

    /// Reads the committed records of a topic with Kafka's own console consumer, in the order of each partition.
    nonisolated func readCommitted(_ topic: String) async throws -> [PrintedRecord] {
        try await self.run(
            "org.apache.kafka.tools.consumer.ConsoleConsumer",
            [
                "--bootstrap-server", self.bootstrap, "--topic", topic, "--from-beginning", "--isolation-level",
                "read_committed", "--property", "print.partition=true", "--property", "print.key=true", "--property",
                "key.separator=;", "--timeout-ms", "5000",
            ]
        ).compactMap { line in
            let parts = line.split(separator: ";", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, let partition = Int(parts[0].dropFirst("Partition:".count)) else { return nil }
            return PrintedRecord(partition: partition, key: parts[1], value: parts[2])
        }
    }
}
