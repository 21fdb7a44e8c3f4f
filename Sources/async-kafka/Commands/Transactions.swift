// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `async-kafka transactions`
enum Transactions {
    static let command = Command(
        "transactions", aliases: ["transaction", "txns"], "lists, describes and aborts transactions",
        subcommands: [Self.list, Self.describe, Self.producers, Self.abort, Self.fence])

    private static let state = Option(
        "--state", .text("STATE"), isRepeatable: true, "Lists only those in this state, such as Ongoing.")
    private static let age = Option("--older-than", .duration(), "Lists only those that run for longer.")
    private static let ids = Operands("ID", .text("ID"), count: 1...Int.max, "Transactional ids.")
    private static let topics = Operands("TOPIC", .partitions, count: 1...Int.max, "TOPIC, or TOPIC:0,1.")

    private static let list = Command(
        "list", aliases: ["ls"], "lists transactions", takes: [Self.state, Self.age],
        examples: [
            Command.Example("async-kafka transactions list --state Ongoing --older-than 5m", "Those that last too long")
        ]
    ) {
        arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let states = Set(arguments[all: Self.state].map { TransactionState(rawValue: $0) })
            let transactions = try await admin.listTransactions(
                states: states.isEmpty ? nil : states, minimumAge: arguments[Self.age])
            try session.output.list(
                transactions,
                [
                    Column("transactionalID") { .text($0.transactionalID) },
                    Column("producerID") { JSONValue($0.producerID) }, Column("state") { .text($0.state.rawValue) },
                ])
        }
    }

    private static let describe = Command(
        "describe", aliases: ["show"], "describes transactions", takes: [Self.ids],
        examples: [Command.Example("async-kafka transactions describe billing-1", "Its state and partitions")]
    ) {
        arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let results = await admin.describeTransactions(arguments[Self.ids])
            let transactions = results.values.compactMap { try? $0.get() }
                .sorted { $0.transactionalID < $1.transactionalID }
            try session.output.list(
                transactions,
                [
                    Column("transactionalID") { .text($0.transactionalID) },
                    Column("state") { .text($0.state.rawValue) }, Column("producerID") { JSONValue($0.producerID) },
                    Column("producerEpoch") { JSONValue($0.producerEpoch) },
                    Column("timeout") { .text("\($0.timeout)") },
                    Column("begunAt") { JSONValue($0.startedAt.map(Moment.text)) },
                    Column("partitions") { .array($0.partitions.sorted().map { .text($0.description) }) },
                ])
            try session.output.failures(of: results)
        }
    }

    private struct Producer {
        var partition: TopicPartition
        var state: ProducerState
    }

    private static let producers = Command(
        "producers", "lists the producers that partitions know", takes: [Self.topics],
        examples: [Command.Example("async-kafka transactions producers orders:0", "Who writes to a partition")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let results = await admin.describeProducers(try await arguments[Self.topics].partitions(admin))
            let rows = results.sorted { $0.key < $1.key }.flatMap { partition, result in
                ((try? result.get()) ?? []).map { Producer(partition: partition, state: $0) }
            }
            try session.output.list(
                rows,
                [
                    Column("topic") { .text($0.partition.topic) },
                    Column("partition") { JSONValue($0.partition.partition) },
                    Column("producerID") { JSONValue($0.state.producerID) },
                    Column("producerEpoch") { JSONValue($0.state.producerEpoch) },
                    Column("lastSequence") { JSONValue($0.state.lastSequence) },
                    Column("lastTimestamp") { JSONValue($0.state.lastTimestamp.map(Moment.text)) },
                    Column("transactionStart") { JSONValue($0.state.transactionStartOffset) },
                ])
            try session.output.failures(of: results)
        }
    }

    private static let partition = Operand("PARTITION", .partitions, "The partition, as TOPIC:N.")
    private static let start = Operand(
        "START-OFFSET", .number("START-OFFSET", in: 0...Int64.max), "Where the transaction begins, see `producers`.")

    private static let abort = Command(
        "abort", "aborts a transaction whose producer and coordinator have forgotten it (a hanging one)",
        takes: [Self.partition, Self.start, Session.yes],
        examples: [
            Command.Example(
                "async-kafka transactions abort orders:0 4711", "A hanging transaction that begins at offset 4711")
        ]
    ) { arguments in
        let written = arguments[Self.partition]
        guard written.numbers.count == 1 else { throw UsageError("PARTITION must be written as TOPIC:N") }
        try await Session.withAdmin(arguments) { session, admin in
            let partition = TopicPartition(written.topic, written.numbers[0])
            let start = arguments[Self.start]
            try session.confirm("Abort the transaction of \(partition) that begins at offset \(start)?")
            try await admin.abortTransaction(in: partition, startOffset: start)
            try StandardStream.output.writeLine("\(partition) has no transaction at offset \(start) anymore")
        }
    }

    private static let fence = Command(
        "fence", "makes the producers with these transactional ids fail, and aborts their transactions",
        takes: [Self.ids, Session.yes],
        examples: [Command.Example("async-kafka transactions fence billing-1", "An instance that hangs")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            try session.confirm("Fence the producers \(arguments[Self.ids].joined(separator: ", "))?")
            let results = await admin.fenceProducers(arguments[Self.ids])
            try session.output.results(of: results, "transactionalID") { _, _ in "fenced" }
        }
    }
}
