// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `async-kafka log-dirs`
enum LogDirs {
    static let command = Command(
        "log-dirs", aliases: ["logdirs"], "shows where brokers keep their logs, and moves replicas between directories",
        subcommands: [Self.list, Self.replicas, Self.move])

    private static let broker = Option(
        "--broker", .number(in: 0...Int32.max), isRepeatable: true, "The broker. Default: all.")
    private static let topics = Operands("TOPIC", .partitions, count: 0...Int.max, "TOPIC, or TOPIC:0,1. Default: all.")

    private struct Directory {
        var broker: Int32
        var directory: LogDirDescription
    }

    private struct Replica {
        var broker: Int32
        var directory: String
        var replica: LogDirDescription.Replica
    }

    private static func directories(
        _ arguments: Arguments, _ session: Session, _ admin: KafkaAdminClient
    ) async throws -> [Directory] {
        var brokers = arguments[all: Self.broker]
        if brokers.isEmpty { brokers = try await admin.describeCluster().brokers.compactMap(\.id) }
        let results = await admin.describeLogDirs(ofBrokers: brokers)
        try session.output.failures(of: results)
        return results.sorted { $0.key < $1.key }.flatMap { broker, result in
            ((try? result.get()) ?? []).map { Directory(broker: broker, directory: $0) }
        }
    }

    private static let list = Command(
        "list", aliases: ["ls", "describe"], "lists directories with their sizes", takes: [Self.broker],
        examples: [Command.Example("async-kafka log-dirs list --broker 1", "Of one broker")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            try session.output.list(
                try await Self.directories(arguments, session, admin),
                [
                    Column("broker") { JSONValue($0.broker) }, Column("path") { .text($0.directory.path) },
                    Column("replicas") { JSONValue($0.directory.replicas.count) },
                    Column("bytes") { JSONValue($0.directory.size) },
                    Column("usableBytes") { JSONValue($0.directory.usableBytes) },
                    Column("totalBytes") { JSONValue($0.directory.totalBytes) },
                    Column("error") { JSONValue($0.directory.error?.message) },
                ])
        }
    }

    private static let replicas = Command(
        "replicas", "lists replicas with their sizes, the largest first", takes: [Self.topics, Self.broker],
        examples: [Command.Example("async-kafka log-dirs replicas orders", "How large each replica is")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let wanted = Set(try await arguments[Self.topics].partitions(admin))
            let replicas = try await Self.directories(arguments, session, admin).flatMap { directory in
                directory.directory.replicas.filter { wanted.isEmpty || wanted.contains($0.partition) }.map {
                    Replica(broker: directory.broker, directory: directory.directory.path, replica: $0)
                }
            }
            try session.output.list(
                replicas.sorted { ($1.replica.size, $0.replica.partition) < ($0.replica.size, $1.replica.partition) },
                [
                    Column("topic") { .text($0.replica.partition.topic) },
                    Column("partition") { JSONValue($0.replica.partition.partition) },
                    Column("broker") { JSONValue($0.broker) }, Column("bytes") { JSONValue($0.replica.size) },
                    Column("offsetLag") { JSONValue($0.replica.offsetLag) },
                    Column("beingMovedHere") { JSONValue($0.replica.isFuture) }, Column("path") { .text($0.directory) },
                ])
        }
    }

    private static let partition = Operand("PARTITION", .partitions, "TOPIC, or TOPIC:0,1 for some partitions.")
    private static let one = Operand("BROKER", .number("BROKER", in: 0...Int32.max), "The broker.")
    private static let path = Operand("PATH", .text("PATH"), "The directory, one of the broker's log.dirs.")

    private static let move = Command(
        "move", "moves replicas of a broker to another of its directories",
        takes: [Self.partition, Self.one, Self.path],
        examples: [Command.Example("async-kafka log-dirs move orders:0 1 /data/disk2", "One replica of broker 1")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let (broker, path) = (arguments[Self.one], arguments[Self.path])
            let moves = try await [arguments[Self.partition]].partitions(admin).map { partition in
                (TopicPartitionReplica(partition, broker: broker), path)
            }
            let results = await admin.alterReplicaLogDirs(Dictionary(moves) { $1 })
            try session.output.results(of: results, "replica") { _, _ in "is being moved" }
        }
    }
}
