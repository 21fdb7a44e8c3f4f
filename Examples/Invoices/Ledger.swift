// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// The accounts of the partitions that are assigned to this process.
///
/// The topic of the totals is their only storage. It is written in the same transactions as the invoices and the offsets of the
/// orders, so that all three always match. Each process has a copy of its partitions' totals in memory, which is restored from
/// the topic before the first order of a partition is read, and forgotten when the partition is taken away.
actor Ledger: ConsumerRebalanceListener {
    private struct Book {
        var accounts = Accounts()
        /// The offset after the last order in the accounts. Nil if that is where the last transaction ended.
        var nextOrder: Int64?
    }

    private let cluster: KafkaClientConfiguration
    private let topics: Topics
    private let admin: KafkaAdminClient
    private let name: String
    private var books: [TopicPartition: Book] = [:]

    init(_ topics: Topics, on cluster: KafkaClientConfiguration, _ admin: KafkaAdminClient, name: String) {
        self.cluster = cluster
        self.topics = topics
        self.admin = admin
        self.name = name
    }

    /// Returns the invoices for orders, and the new totals of their customers.
    func book(_ orders: ConsumerRecordBatch, from consumer: KafkaConsumer) async throws -> [ProducerRecord] {
        let partition = orders.topicPartition
        // When a transaction is aborted, the consumer goes back to where it began, and so must the accounts.
        if let next = self.books[partition]?.nextOrder, orders.offsets.lowerBound < next {
            try await self.restore([partition], consumer)
        }
        var book = self.books[partition] ?? Book()
        var records: [ProducerRecord] = []
        var customers: Set<String> = []
        for record in orders {
            guard let order = Order(key: record.text.key, value: record.text.value) else {
                complain("\(self.name): there is no order in \(record)")
                continue
            }
            customers.insert(order.customer)
            records.append(
                book.accounts.invoice(order).record(topic: self.topics.invoices, partition: partition.partition))
        }
        for customer in customers {
            guard let total = book.accounts.totals[customer] else { continue }
            records.append(total.record(of: customer, topic: self.topics.totals, partition: partition.partition))
        }
        book.nextOrder = orders.nextOffset.offset
        self.books[partition] = book
        return records
    }

    /// Reads the totals as of the last transaction with orders of these partitions.
    private func restore(_ orders: [TopicPartition], _ consumer: KafkaConsumer) async throws {
        guard !orders.isEmpty else { return }
        // The process that had a partition before may have left a transaction open. If it commits offsets, this call waits for
        // its end; and whatever it has written to the totals is before their ends, which are read only when it has ended.
        // Without either, the totals could lack a transaction whose orders are not read again.
        _ = try await consumer.committedOffsets(of: orders)
        let totals = orders.map { TopicPartition(self.topics.totals, $0.partition) }
        let ends = try await self.admin.listOffsets(
            Dictionary(uniqueKeysWithValues: totals.map { ($0, OffsetSpec.latest) })
        ).allSucceeded()

        var configuration = ConsumerConfiguration(self.cluster)
        configuration.isolationLevel = .readCommitted
        configuration.autoOffsetReset = .earliest
        var accounts: [Int32: Accounts] = [:]
        try await KafkaConsumer.withConsumer(configuration, assigned: totals) { reader in
            for partition in totals {
                while try await reader.position(of: partition) < ends[partition]??.offset ?? 0 {
                    for record in try await reader.poll(max: 10_000, timeout: .milliseconds(100)) {
                        guard let customer = record.text.key, let total = Total(value: record.text.value) else {
                            throw Failure("There is no total in \(record).")
                        }
                        accounts[record.partition, default: Accounts()].restore(total, of: customer)
                    }
                }
            }
        }
        for partition in orders { self.books[partition] = Book(accounts: accounts[partition.partition] ?? Accounts()) }
    }

    // MARK: - ConsumerRebalanceListener

    func partitionsAssigned(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        try await self.restore(partitions, consumer)
        let customers = partitions.map { self.books[$0]?.accounts.totals.count ?? 0 }.reduce(0, +)
        try self.report("takes", partitions, ", with the totals of \(customers) customers")
    }

    func partitionsRevoked(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        for partition in partitions { self.books[partition] = nil }
        try self.report("gives up", partitions)
    }

    func partitionsLost(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        for partition in partitions { self.books[partition] = nil }
        try self.report("has lost", partitions)
    }

    private func report(_ what: String, _ partitions: [TopicPartition], _ more: String = "") throws {
        guard !partitions.isEmpty else { return }
        let numbers = partitions.map(\.partition).sorted().map { "\($0)" }.joined(separator: " ")
        try say("\(self.name) \(what) \(partitions.count == 1 ? "partition" : "partitions") \(numbers)\(more)")
    }
}
