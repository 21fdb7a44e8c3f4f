// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation
import KafkaTestSupport
import Testing

@testable import struct invoices.Audit
@testable import struct invoices.Invoice
@testable import struct invoices.Order
@testable import struct invoices.Total

/// The example `Invoices` under fire: its processes are killed and paused beyond their transactions' timeout, and brokers fail,
/// while orders arrive.
struct InvoicesChain {
    static let partitions = 8
    /// The orders a second.
    private static let rate = 200

    let cluster: RealCluster
    private let prefix = unique("fire") + "-"
    private let seed: UInt64

    init(_ cluster: RealCluster, seed: UInt64) {
        self.cluster = cluster
        self.seed = seed
    }

    private var topics: [String: Int] {
        ["orders", "invoices", "totals"].reduce(into: [:]) { $0[self.prefix + $1] = Self.partitions }
    }

    private func start(_ arguments: [String]) throws -> ChildProcess {
        let file = TemporaryFolder.path("invoices-\(arguments[0])")
        return try ChildProcess(
            "invoices",
            ["/usr/bin/env", "BOOTSTRAP_SERVERS=\(self.cluster.bootstrap)", BuiltProgram.path("invoices")] + arguments
                + ["--prefix", self.prefix], output: .file(file))
    }

    /// Runs the chain under fire for this time, and until all orders have an invoice. The result is a line on what happened.
    func run(for seconds: Int) async throws -> String {
        for topic in self.topics.keys.sorted() {
            try await self.cluster.createTopic(
                topic, partitions: Self.partitions,
                settings: topic.hasSuffix("totals") ? ["cleanup.policy": "compact"] : [:])
        }
        let start = ContinuousClock.now
        let workers = ["a", "b", "c", "late"].map { id in
            Supervised(id) { [self] in
                try self.start(["process", "--id", id, "--transaction-timeout", "10s"])
            }
        }
        let faults: [String: Int] = try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in workers.dropLast() { group.addTask { try await worker.run() } }
            let generator = try self.start([
                "generate", "--orders", "\(seconds * Self.rate)", "--rate", "\(Self.rate)",
            ])
            try await self.untilWorking()

            var brokers = BrokerFaults(
                self.cluster,
                topics: self.topics.merging(BrokerFaults.transactions) { $1 }.merging(BrokerFaults.groups) { $1 },
                seed: self.seed)
            async let processes = self.breakProcesses(Array(workers.dropLast()), for: .seconds(seconds))
            let half = Duration.seconds(seconds) / 2
            try await brokers.run(for: half)
            group.addTask { try await workers[workers.count - 1].run() }
            try await brokers.run(for: half)
            let counts = try await processes.merging(brokers.counts) { $1 }

            await generator.ended()
            #expect(generator.status == 0, "\(generator.errors)")
            let check = try self.start(["check", "--wait", "60s"])
            await check.ended()
            #expect(check.status == 0, "\(check.errors)")
            for worker in workers {
                let status = await worker.stop()
                #expect(status == 0, "\(worker.name)")
            }
            try await group.waitForAll()
            return counts
        }
        let time = ContinuousClock.now - start
        let audit = try await self.audit()
        #expect(audit.problems.prefix(10) == [], "seed \(self.seed)")
        #expect(audit.orderCount == seconds * Self.rate)
        try await self.expectNoOpenTransaction()

        var failures: [String] = []
        for worker in workers { failures += await worker.failures }
        for failure in Set(failures) { say("  ended with: \(failure)") }
        return "\(audit.orderCount) orders, \(audit.invoiceCount) invoices, \(audit.problems.count) problems, \(time); "
            + faults.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            + ", \(failures.count) processes ended by themselves"
    }

    /// Waits until there is an invoice.
    private func untilWorking() async throws {
        let invoices = (0..<Self.partitions).map { TopicPartition(self.prefix + "invoices", Int32($0)) }
        try await KafkaAdminClient.withAdminClient(TestCluster.real(self.cluster).client) { admin in
            try await eventually("there is an invoice") {
                let ends = try await admin.listOffsets(
                    Dictionary(uniqueKeysWithValues: invoices.map { ($0, OffsetSpec.latest) }),
                    isolationLevel: .readCommitted
                ).allSucceeded()
                return ends.values.contains { ($0?.offset ?? 0) > 0 }
            }
        }
    }

    /// Kills and pauses processes, with some time in between.
    private func breakProcesses(_ workers: [Supervised], for time: Duration) async throws -> [String: Int] {
        var random = SeededRandom(self.seed &+ 1)
        var counts: [String: Int] = [:]
        let end = ContinuousClock.now + time
        while ContinuousClock.now < end {
            let victim = workers.randomElement(using: &random) ?? workers[0]
            if Bool.random(using: &random) {
                await victim.kill()
                counts["processes killed", default: 0] += 1
            } else {
                // Beyond the session's timeout (6 s), and mostly beyond the transaction's (10 s).
                await victim.pause()
                try await Task.sleep(for: .milliseconds(Int64.random(in: 7000...14_000, using: &random)))
                await victim.resume()
                counts["processes paused", default: 0] += 1
            }
            // The time without a fault.
            try await Task.sleep(for: .milliseconds(Int64.random(in: 1000...8000, using: &random)))
        }
        return counts
    }

    // MARK: - The independent reader

    /// Reads everything with Kafka's own console consumer.
    private func audit() async throws -> Audit {
        var audit = Audit()
        // At once, because each reader waits for a while at the end.
        async let orders = self.cluster.readCommitted(self.prefix + "orders")
        async let invoices = self.cluster.readCommitted(self.prefix + "invoices")
        async let totals = self.cluster.readCommitted(self.prefix + "totals")
        for record in try await orders {
            if let order = Order(key: record.key, value: record.value) { audit.add(order) }
        }
        for record in try await invoices {
            audit.add(try #require(Invoice(key: record.key, value: record.value), "\(record)"))
        }
        for record in try await totals {
            audit.add(try #require(Total(value: record.value), "\(record)"), of: record.key)
        }
        return audit
    }

    private func expectNoOpenTransaction() async throws {
        guard self.cluster.installation.version >= KafkaVersion(3, 0) else { return }
        let rows = try await self.cluster.run(
            "org.apache.kafka.tools.TransactionsCommand", ["--bootstrap-server", self.cluster.bootstrap, "list"])
        let open = rows.filter { $0.hasPrefix(self.prefix) && !$0.contains("Complete") && !$0.contains("Empty") }
        #expect(open == [])
        #expect(rows.contains { $0.hasPrefix(self.prefix) }, "\(rows)")
    }
}
