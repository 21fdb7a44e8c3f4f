// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaMemory

/// A number that a transaction appends to a partition: who wrote it, and its place in the transaction.
struct AppendedNumber: Hashable, Sendable, CustomStringConvertible {
    /// A transaction of a producer.
    struct Transaction: Hashable, Sendable, CustomStringConvertible {
        /// The number of the transactional id.
        let id: Int
        /// The producers with this id are numbered in the order in which they take it over.
        let producer: Int
        /// The producer's transactions are numbered in order.
        let number: Int

        var description: String { "\(self.id).\(self.producer).\(self.number)" }

        func isBefore(_ other: Self) -> Bool { (self.producer, self.number) < (other.producer, other.number) }
    }

    let transaction: Transaction
    let index: Int

    var description: String { "\(self.transaction)/\(self.index)" }
    var text: String { "\(self.transaction.id) \(self.transaction.producer) \(self.transaction.number) \(self.index)" }

    init(_ transaction: Transaction, index: Int) {
        self.transaction = transaction
        self.index = index
    }

    init?(text: String) {
        let numbers = text.split(separator: " ").compactMap { Int($0) }
        guard numbers.count == 4 else { return nil }
        self.init(Transaction(id: numbers[0], producer: numbers[1], number: numbers[2]), index: numbers[3])
    }
}

/// What transactions append to the partitions of a topic and what becomes of them, to be compared with what readers find: a
/// checker in the manner of Jepsen's list append.
final class AppendHistory: Sendable {
    /// What became of a transaction.
    enum Outcome: Hashable, Sendable {
        case committed
        case aborted
        /// It may be either, but not in part.
        case unknown
    }

    /// A record as it was read.
    struct Stored: Hashable, Sendable {
        let partition: Int
        let offset: Int64
        let text: String
    }

    private struct Entry {
        /// The partition of each number, by index.
        let partitions: [Int]
        var outcome: Outcome?
    }

    private let entries = Lock<[AppendedNumber.Transaction: Entry]>([:])

    /// Notes a transaction that begins, with the partition of each of its numbers.
    func begins(_ transaction: AppendedNumber.Transaction, in partitions: [Int]) {
        self.entries.withLock { $0[transaction] = Entry(partitions: partitions) }
    }

    func ended(_ transaction: AppendedNumber.Transaction, _ outcome: Outcome) {
        self.entries.withLock { $0[transaction]?.outcome = outcome }
    }

    /// The number of transactions with an outcome.
    func count(_ outcome: Outcome) -> Int {
        self.entries.withLock { $0.values.count { $0.outcome == outcome } }
    }

    // MARK: - Findings

    /// Returns what is wrong with the committed records of the whole log: records of aborted transactions, transactions of
    /// which only a part is there, committed ones that are missing, records that are doubled, in another partition than they
    /// were written to or out of order, and records of different transactions without a marker between them.
    func violations(in log: [Stored]) -> [String] {
        let entries = self.entries.withLock { $0 }
        var violations: [String] = []
        var found: [AppendedNumber.Transaction: Set<Int>] = [:]
        for (partition, records) in Dictionary(grouping: log, by: \.partition).sorted(by: { $0.key < $1.key }) {
            var offset: Int64 = -1
            // The last number of each id, with its offset.
            var last: [Int: (number: AppendedNumber, offset: Int64)] = [:]
            for record in records {
                let place = "\(partition)@\(record.offset)"
                if record.offset <= offset { violations.append("\(place) is read after \(offset)") }
                offset = record.offset
                guard let number = AppendedNumber(text: record.text), let entry = entries[number.transaction],
                    entry.partitions.indices.contains(number.index), entry.partitions[number.index] == partition
                else {
                    violations.append("nobody wrote \"\(record.text)\", which is at \(place)")
                    continue
                }
                let transaction = number.transaction
                if entry.outcome == .aborted { violations.append("\(number) is at \(place), and was aborted") }
                if !found[transaction, default: []].insert(number.index).inserted {
                    violations.append("\(number) is doubled at \(place)")
                } else if let (before, offset) = last[transaction.id] {
                    if transaction == before.transaction {
                        if number.index < before.index {
                            violations.append("\(number) is at \(place), after \(before)")
                        }
                    } else if transaction.isBefore(before.transaction) {
                        violations.append("\(number) is at \(place), after \(before)")
                    } else if offset + 1 == record.offset {
                        violations.append("\(number) is at \(place), in the same transaction as \(before)")
                    }
                }
                last[transaction.id] = (number, record.offset)
            }
        }
        for (transaction, entry) in entries {
            let count = found[transaction]?.count ?? 0
            if count > 0, count < entry.partitions.count {
                let missing = entry.partitions.indices.filter { found[transaction]?.contains($0) == false }
                violations.append(
                    "\(transaction) is torn: of its \(entry.partitions.count) numbers, those at \(missing) are missing")
            } else if count == 0, entry.outcome == .committed, !entry.partitions.isEmpty {
                violations.append("\(transaction) is lost, and was committed")
            }
        }
        return violations
    }

    /// Returns what is wrong with the committed records that a reader found while transactions ran: it must have read each
    /// partition from its beginning without a gap, and nothing that isn't in the log at the end.
    static func violations(of reader: [Stored], comparedWith log: [Stored]) -> [String] {
        let whole = Dictionary(grouping: log, by: \.partition)
        return Dictionary(grouping: reader, by: \.partition).sorted { $0.key < $1.key }.compactMap {
            partition, records in
            let other = whole[partition] ?? []
            guard let index = records.indices.first(where: { !other.indices.contains($0) || other[$0] != records[$0] })
            else { return nil }
            let expected = other.indices.contains(index) ? "\(other[index].offset) \"\(other[index].text)\"" : "the end"
            return
                "\(partition)@\(records[index].offset) \"\(records[index].text)\" was read, and the log has \(expected)"
        }
    }
}
