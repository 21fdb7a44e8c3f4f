// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `async-kafka verify`: the options. the comparisons are types of their own.
struct Verify: Sendable {
    static let command = Command(
        "verify", aliases: ["compare", "diff"], "checks that two topics have the same records",
        details: """
            Compares what the two topics have now, partition by partition in the order of the records, and says for each partition \
            where the first difference is. With --unordered the partitions and the order don't matter: it says which records only one \
            topic has. Offsets are never compared, so that compacted topics and those with transactions may be the same.

            The second topic is in the same cluster, unless --other-bootstrap-servers, --other-properties or --other-profile names \
            another one.
            """,
        takes: [
            Self.topic, Self.other, Self.unordered, Self.ignored, Self.limit, Self.committed,
        ] + OtherCluster.options,
        examples: [
            Command.Example("async-kafka verify orders orders-copy", "In one cluster"),
            Command.Example(
                "async-kafka verify orders orders --other-bootstrap-servers new.example:9092 --ignore timestamp",
                "After a move to another cluster"),
        ]
    ) { arguments in
        let verify = try Verify(arguments)
        try await Interrupt.cancels { try await verify.run() }
    }

    private static let topic = Operand("TOPIC", Topics.kind, "The first topic.")
    private static let other = Operand("OTHER", Topics.kind, "The second topic.")
    private static let unordered = Flag("--unordered", "Ignores partitions and the order of records.")
    private static let ignored = Option<RecordPart>(
        "--ignore", .word("PART"), isRepeatable: true, "Doesn't compare timestamp or headers.")
    private static let limit = Option(
        "--limit", .number(in: 1...10_000), "Shows N differences of --unordered. Default: 10.")
    private static let committed = Flag("--committed", "Leaves out records of transactions that are open or aborted.")

    /// What needn't be the same.
    enum RecordPart: String, CaseIterable, Sendable { case timestamp, headers }

    private let topics: (String, String)
    private let clusters: (KafkaClientConfiguration, KafkaClientConfiguration)
    private let isUnordered: Bool
    private let ignored: Set<RecordPart>
    private let limit: Int
    private let isolation: IsolationLevel
    private let output: Output

    init(_ arguments: Arguments) throws {
        self.topics = (arguments[Self.topic], arguments[Self.other])
        let first = try KafkaClientConfiguration(arguments)
        let second = try OtherCluster.configuration(arguments, beside: first) ?? first
        self.clusters = (first, second)
        self.isUnordered = arguments[Self.unordered]
        self.ignored = Set(arguments[all: Self.ignored])
        self.limit = arguments[Self.limit] ?? 10
        self.isolation = arguments[Self.committed] ? .readCommitted : .readUncommitted
        self.output = Output(arguments)
    }

    func run() async throws {
        let isSame = try await ComparedTopic.with(self.topics.0, self.clusters.0, self.isolation) { first in
            try await ComparedTopic.with(self.topics.1, self.clusters.1, self.isolation) { second in
                self.isUnordered ? try await self.compareSets(first, second) : try await self.compare(first, second)
            }
        }
        guard isSame else { throw ExitStatus.different }
    }

    // MARK: In order

    private func compare(_ first: ComparedTopic, _ second: ComparedTopic) async throws -> Bool {
        var rows: [PartitionComparison] = []
        for number in Set(first.numbers + second.numbers).sorted() {
            var comparison = PartitionComparison(partition: number, ignored: self.ignored)
            var (left, right) = (first.reader(of: [number]), second.reader(of: [number]))
            try await comparison.compare(
                { try await left?.next() }, { try await right?.next() })
            rows.append(comparison)
        }
        try self.output.list(rows, PartitionComparison.columns)
        return rows.allSatisfy { $0.difference == nil }
    }

    // MARK: As sets

    private func compareSets(_ first: ComparedTopic, _ second: ComparedTopic) async throws -> Bool {
        var difference = SetDifference(ignored: self.ignored)
        var (left, right) = (first.reader(of: first.numbers), second.reader(of: second.numbers))
        // In turns, so that records which both have are soon forgotten.
        while left != nil || right != nil {
            if let records = try await left?.next() { try difference.add(records, .first) } else { left = nil }
            if let records = try await right?.next() { try difference.add(records, .second) } else { right = nil }
        }
        let only = difference.sorted
        try self.output.list(only.prefix(self.limit), SetDifference.columns)
        if only.count > self.limit {
            StandardStream.complain("\((only.count - self.limit).grouped) more records differ")
        }
        return only.isEmpty
    }
}

/// A topic that is compared, with a consumer of its own.
struct ComparedTopic {
    private let consumer: KafkaConsumer
    private let standstill: StandstillCheck
    private let beginnings: [TopicPartition: Int64]
    private let ends: [TopicPartition: Int64]

    static func with<Result>(
        _ topic: String, _ cluster: KafkaClientConfiguration, _ isolation: IsolationLevel,
        _ body: (ComparedTopic) async throws -> Result
    ) async throws -> Result {
        var configuration = ConsumerConfiguration(cluster)
        configuration.isolationLevel = isolation
        configuration.cluster.allowAutoTopicCreation = false
        configuration.autoOffsetReset = .earliest
        return try await KafkaAdminClient.withAdminClient(cluster) { admin in
            let partitions = try await [WrittenPartitions(topic: topic, numbers: [])].existingPartitions(admin)
            return try await KafkaConsumer.withConsumer(configuration, assigned: []) { consumer in
                try await body(
                    ComparedTopic(
                        consumer: consumer, standstill: StandstillCheck(admin, topics: [topic]),
                        beginnings: try await consumer.offsets(of: .beginning, in: partitions),
                        ends: try await consumer.offsets(of: .end, in: partitions)))
            }
        }
    }

    var numbers: [Int32] { self.beginnings.keys.map(\.partition).sorted() }

    /// Reads partitions. Only one reader may be in use.
    func reader(of numbers: [Int32]) -> LogReader? {
        LogReader(
            consumer: self.consumer, standstill: self.standstill,
            positions: self.beginnings.filter { numbers.contains($0.key.partition) }, ends: self.ends)
    }
}
