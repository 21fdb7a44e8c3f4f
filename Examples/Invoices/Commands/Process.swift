// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `invoices process`: a process of the service.
struct Process {
    private static let idOption = RequiredOption(
        "--id", .text("NAME"),
        "The name of this process. No two that run have the same; one that is started again has its old one.")
    private static let timeoutOption = Option(
        "--transaction-timeout", .duration(),
        "How long a transaction may be open, for instance after this process was killed. Default: 30s.")

    static let command = Command(
        "process", "writes invoices for the orders; start several to share the work",
        details: "It ends at SIGTERM or Control-C, after the commit of what it has in hand.",
        takes: [Self.idOption, Self.timeoutOption] + Topics.options
    ) { try await Process($0).run(on: .fromEnvironment()) }

    let id: String
    let transactionTimeout: Duration
    let topics: Topics

    init(_ arguments: Arguments) {
        self.id = arguments[Self.idOption]
        self.transactionTimeout = arguments[Self.timeoutOption] ?? .seconds(30)
        self.topics = Topics(arguments)
    }

    func run(on cluster: KafkaClientConfiguration) async throws {
        try await KafkaAdminClient.withAdminClient(cluster) { admin in
            try await self.topics.createIfMissing(admin)
            let ledger = Ledger(self.topics, on: cluster, admin, name: self.id)

            var configuration = ConsumerConfiguration(cluster, groupID: self.topics.group)
            configuration.isolationLevel = .readCommitted
            configuration.enableAutoCommit = false  // The transactions commit the offsets.
            configuration.autoOffsetReset = .earliest
            // How soon others take over from a process that was killed.
            configuration.groupProtocol = .classic(
                ClassicGroupProtocol(sessionTimeout: .seconds(6), heartbeatInterval: .seconds(1)))

            // When a process is started again with its id, its predecessor's transaction is aborted, and a predecessor that
            // still runs can't commit anything anymore.
            try await KafkaTransactionalProducer.withProducer(
                ProducerConfiguration(cluster), transactionalID: self.topics.transactionalID(self.id),
                transactionTimeout: self.transactionTimeout
            ) { producer in
                try await KafkaConsumer.withConsumer(
                    configuration, subscribedTo: [self.topics.orders], listener: ledger
                ) { consumer in
                    async let _: Void = Self.stopWhenInterrupted(consumer)
                    // The invoices, the totals and the offsets of the orders are committed together or not at all.
                    try await producer.process(consumer, every: .milliseconds(100)) { orders, transaction in
                        for record in try await ledger.book(orders, from: consumer) {
                            try await transaction.enqueue(record)
                        }
                    }
                }
            }
        }
        try say("\(self.id) is done")
    }

    private static func stopWhenInterrupted(_ consumer: KafkaConsumer) async {
        await untilInterrupted()
        consumer.triggerGracefulShutdown()
    }
}
