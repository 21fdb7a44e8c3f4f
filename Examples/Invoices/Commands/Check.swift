// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `invoices check`: compares the orders with the invoices and totals.
struct Check {
    private static let waitOption = Option(
        "--wait", .duration(), "Waits for missing invoices as long as this time doesn't pass without one. Default: 1s.")

    static let command = Command(
        "check",
        "checks that each order has exactly one invoice, that totals are right, and that no transaction is left open",
        takes: [Self.waitOption] + Topics.options
    ) { try await Check($0).run(on: .fromEnvironment()) }

    let wait: Duration
    let topics: Topics

    init(_ arguments: Arguments) {
        self.wait = arguments[Self.waitOption] ?? .seconds(1)
        self.topics = Topics(arguments)
    }

    init(_ topics: Topics, wait: Duration) {
        self.topics = topics
        self.wait = wait
    }

    func run(on cluster: KafkaClientConfiguration) async throws {
        try await KafkaAdminClient.withAdminClient(cluster) { admin in
            try await self.topics.createIfMissing(admin)
            let audit = try await self.audit(on: cluster)
            var problems = audit.problems
            let open = try await self.openTransactions(admin)
            problems += (open ?? []).map { "A transaction is open: \($0)." }
            guard problems.isEmpty else {
                let rest = problems.count - 20
                throw Failure(
                    "Not everything is right: \(audit.orderCount) orders have \(audit.invoiceCount) invoices.\n"
                        + problems.prefix(20).joined(separator: "\n") + (rest > 0 ? "\nand \(rest) more" : ""))
            }
            try say(
                "Each of the \(audit.orderCount) orders has exactly one invoice, and all totals are right. "
                    + (open == nil
                        ? "This Kafka is too old to list open transactions." : "No transaction is left open."))
        }
    }

    private func audit(on cluster: KafkaClientConfiguration) async throws -> Audit {
        var configuration = ConsumerConfiguration(cluster)
        configuration.isolationLevel = .readCommitted
        configuration.autoOffsetReset = .earliest
        let topics = [self.topics.orders, self.topics.invoices, self.topics.totals]
        var audit = Audit()
        try await KafkaConsumer.withConsumer(configuration, assigned: []) { consumer in
            for topic in topics {
                let partitions = try await consumer.partitions(of: topic).map { TopicPartition(topic, $0) }
                try consumer.assign(partitions)
                while true {
                    let records = try await consumer.poll(max: 10_000, timeout: self.wait)
                    for record in records { try self.add(record, to: &audit) }
                    let isMissing = topic == self.topics.invoices && audit.invoiceCount < audit.orderCount
                    if records.isEmpty || !isMissing, try await self.isAtEnd(partitions, consumer) { break }
                }
            }
        }
        return audit
    }

    private func add(_ record: ConsumerRecord, to audit: inout Audit) throws {
        let (key, value) = record.text
        switch record.topic {
        case self.topics.orders:
            // The service skips what isn't an order.
            if let order = Order(key: key, value: value) { audit.add(order) }
        case self.topics.invoices:
            guard let invoice = Invoice(key: key, value: value) else {
                throw Failure("There is no invoice in \(record).")
            }
            audit.add(invoice)
        default:
            guard let key, let total = Total(value: value) else { throw Failure("There is no total in \(record).") }
            audit.add(total, of: key)
        }
    }

    private func isAtEnd(_ partitions: [TopicPartition], _ consumer: KafkaConsumer) async throws -> Bool {
        let ends = try await consumer.endOffsets(of: partitions)
        for partition in partitions {
            guard try await consumer.position(of: partition) >= ends[partition] ?? 0 else { return false }
        }
        return true
    }

    /// Returns the open transactions of the service, once the ends of those that have ended are known everywhere. Nil if Kafka
    /// is too old.
    private func openTransactions(_ admin: KafkaAdminClient) async throws -> [TransactionListing]? {
        let deadline = ContinuousClock.now + self.wait
        while true {
            do throws(KafkaError) {
                let open = try await admin.listTransactions(states: [.ongoing, .prepareCommit, .prepareAbort])
                    .filter { $0.transactionalID.hasPrefix(self.topics.transactionalID("")) }
                if open.isEmpty || ContinuousClock.now >= deadline { return open }
            } catch {
                guard error.code == .unsupportedVersion else { throw error }
                return nil
            }
            // Records can be read before the coordinator has noted the end of their transaction, which Kafka doesn't announce.
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
