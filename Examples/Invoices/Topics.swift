// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka
import Foundation

/// The topics of the service. A customer is in the same partition of all three.
struct Topics: Sendable {
    private static let prefixOption = Option(
        "--prefix", .text("TEXT"), "What the names of the topics, of the group and of transactions begin with.")
    private static let partitionsOption = Option(
        "--partitions", .number(in: 1...10_000), "The number of partitions of topics that don't exist. Default: 6.")
    /// The options that all commands for a cluster take.
    static var options: [any Declared] { [Self.prefixOption, Self.partitionsOption] }

    let prefix: String
    let partitions: Int

    init(_ arguments: Arguments) {
        self.init(prefix: arguments[Self.prefixOption] ?? "", partitions: arguments[Self.partitionsOption] ?? 6)
    }

    init(prefix: String = "", partitions: Int = 6) {
        self.prefix = prefix
        self.partitions = partitions
    }

    /// The orders, by customer.
    var orders: String { "\(self.prefix)orders" }
    /// An invoice for each order, by customer.
    var invoices: String { "\(self.prefix)invoices" }
    /// The latest total of each customer. The topic is compacted, so it stays small.
    var totals: String { "\(self.prefix)totals" }
    /// The group whose members share the orders.
    var group: String { "\(self.prefix)invoices" }

    /// Returns the transactional id of a process.
    func transactionalID(_ process: String) -> String { "\(self.group)-\(process)" }

    /// Creates the topics that don't exist, and waits until they can be used.
    func createIfMissing(_ admin: KafkaAdminClient) async throws {
        do {
            try await admin.createIfMissing(
                [
                    NewTopic(self.orders, partitionCount: self.partitions),
                    NewTopic(self.invoices, partitionCount: self.partitions),
                    NewTopic(
                        self.totals, partitionCount: self.partitions, configs: ["cleanup.policy": "compact"]),
                ], timeout: .seconds(15))
        } catch {
            throw Failure(
                "Can't find or create the topics \(self.orders), \(self.invoices) and \(self.totals) (BOOTSTRAP_SERVERS "
                    + "says where Kafka is): \(error.message)")
        }
    }
}

extension KafkaClientConfiguration {
    /// Returns the configuration for the cluster in `BOOTSTRAP_SERVERS`.
    static func fromEnvironment() -> KafkaClientConfiguration {
        let servers = ProcessInfo.processInfo.environment["BOOTSTRAP_SERVERS"] ?? "localhost:9092"
        return KafkaClientConfiguration(bootstrapServers: servers.split(separator: ",").map(String.init))
    }
}
