// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// The comparison of a partition with that of the same number in another topic, record by record.
struct PartitionComparison: Sendable {
    let partition: Int32
    private let ignored: Set<Verify.RecordPart>
    private(set) var counts = (0, 0)
    /// What differs first, such as `value`, and the offsets of the records there. Nil if nothing does.
    private(set) var difference: (what: String, offsets: (Int64?, Int64?))?

    static let columns: [Column<PartitionComparison>] = [
        Column("partition") { JSONValue($0.partition) }, Column("records") { JSONValue($0.counts.0) },
        Column("otherRecords") { JSONValue($0.counts.1) },
        Column("firstDifference") { JSONValue($0.difference?.what) },
        Column("offset") { JSONValue($0.difference?.offsets.0) },
        Column("otherOffset") { JSONValue($0.difference?.offsets.1) },
    ]

    init(partition: Int32, ignored: Set<Verify.RecordPart>) {
        self.partition = partition
        self.ignored = ignored
    }

    /// Compares two sequences of records, of which no more than a response of a broker is in memory.
    mutating func compare(
        _ first: () async throws -> [ConsumerRecord]?, _ second: () async throws -> [ConsumerRecord]?
    ) async throws {
        var (left, right): (ArraySlice<ConsumerRecord>, ArraySlice<ConsumerRecord>) = ([], [])
        while true {
            if left.isEmpty { left = (try await first() ?? [])[...] }
            if right.isEmpty { right = (try await second() ?? [])[...] }
            let count = min(left.count, right.count)
            if count == 0 { break }
            for (one, other) in zip(left.prefix(count), right.prefix(count)) where self.difference == nil {
                self.difference = one.firstDifference(from: other, ignoring: self.ignored).map { what in
                    (what, (one.offset, other.offset))
                }
            }
            self.counts.0 += count
            self.counts.1 += count
            (left, right) = (left.dropFirst(count), right.dropFirst(count))
        }
        guard let record = left.first ?? right.first else { return }
        let offset = record.offset
        self.difference = self.difference ?? ("number of records", left.isEmpty ? (nil, offset) : (offset, nil))
        while !left.isEmpty {
            self.counts.0 += left.count
            left = (try await first() ?? [])[...]
        }
        while !right.isEmpty {
            self.counts.1 += right.count
            right = (try await second() ?? [])[...]
        }
    }
}

/// The records that only one of two topics has, or has more often.
struct SetDifference {
    enum Side: Int, Sendable { case first = 1, second = -1 }

    /// A record that only one topic has.
    struct Only: Hashable, Sendable {
        var side: Side
        var partition: TopicPartition
        var offset: Int64
    }

    /// What identifies a record: 128 bits, so that two records of a topic have the same by no accident.
    private struct Fingerprint: Hashable {
        var high: Int
        var low: Int
    }

    /// By fingerprint, those of the topic that has more of them.
    private var unmatched: [Fingerprint: [Only]] = [:]
    private var count = 0
    private let ignored: Set<Verify.RecordPart>

    /// A bound for the memory: topics that differ in so many records aren't copies of each other.
    private static let maximumCount = 10_000_000

    static let columns: [Column<Only>] = [
        Column("onlyIn") { .text($0.partition.topic) }, Column("which") { $0.side == .first ? "first" : "second" },
        Column("partition") { JSONValue($0.partition.partition) }, Column("offset") { JSONValue($0.offset) },
    ]

    init(ignored: Set<Verify.RecordPart>) { self.ignored = ignored }

    mutating func add(_ records: [ConsumerRecord], _ side: Side) throws(Failure) {
        for record in records {
            let fingerprint = Fingerprint(
                high: record.hash(ignoring: self.ignored, seed: 1), low: record.hash(ignoring: self.ignored, seed: 2))
            if let others = self.unmatched[fingerprint], others[0].side != side {
                self.unmatched[fingerprint] = others.count > 1 ? Array(others.dropLast()) : nil
                self.count -= 1
            } else {
                self.unmatched[fingerprint, default: []].append(
                    Only(side: side, partition: record.topicPartition, offset: record.offset))
                self.count += 1
            }
        }
        guard self.count <= Self.maximumCount else {
            throw Failure(
                "More than \(Self.maximumCount.grouped) records are in one topic only; their memory is limited.")
        }
    }

    var sorted: [Only] {
        self.unmatched.values.joined().sorted {
            if $0.side != $1.side { return $0.side == .first }
            return $0.partition == $1.partition ? $0.offset < $1.offset : $0.partition < $1.partition
        }
    }
}

extension ConsumerRecord {
    /// The name of the first part that differs: key, value, headers or timestamp. Nil if none does.
    func firstDifference(from other: ConsumerRecord, ignoring ignored: Set<Verify.RecordPart>) -> String? {
        if self.key != other.key { return "key" }
        if self.value != other.value { return "value" }
        if !ignored.contains(.headers), self.headers != other.headers { return "headers" }
        if !ignored.contains(.timestamp), self.timestamp != other.timestamp { return "timestamp" }
        return nil
    }

    fileprivate func hash(ignoring ignored: Set<Verify.RecordPart>, seed: Int) -> Int {
        var hasher = Hasher()
        hasher.combine(seed)
        hasher.combine(self.key)
        hasher.combine(self.value)
        if !ignored.contains(.headers) { hasher.combine(self.headers) }
        if !ignored.contains(.timestamp) { hasher.combine(self.timestamp) }
        return hasher.finalize()
    }
}
