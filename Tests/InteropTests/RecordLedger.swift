// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaMemory

/// The records given to a producer with their results, to be compared with the log.
///
/// The records of a partition are numbered in the order in which they are enqueued. Each record's value contains its
/// partition and number.
final class RecordLedger: Sendable {
    /// The result of a record.
    enum Ending {
        /// Stored, at this offset if the broker returned it.
        case acknowledged(Int64?)
        /// Definitely not stored.
        case failed(KafkaError)
        /// Possibly stored.
        case unknown(KafkaError)

        init(_ error: KafkaError) {
            self = error.isOutcomeUnknown ? .unknown(error) : .failed(error)
        }
    }

    /// A record as it was read.
    struct Stored {
        let partition: Int
        let offset: Int64
        let text: String

        init(partition: Int, offset: Int64, text: String) {
            self.partition = partition
            self.offset = offset
            self.text = text
        }

        init(_ record: ConsumerRecord) {
            self.init(partition: Int(record.partition), offset: record.offset, text: record.text ?? "nil")
        }
    }

    private struct Entry {
        let enqueued: ContinuousClock.Instant
        var ended: ContinuousClock.Instant?
        var ending: Ending?
    }

    let topic: String
    private let partitions: Lock<[[Entry]]>

    init(topic: String, partitions: Int) {
        self.topic = topic
        self.partitions = Lock(Array(repeating: [], count: partitions))
    }

    // MARK: - Entries

    /// Returns the partition's next record, to be enqueued now.
    func next(of partition: Int) -> (number: Int, record: ProducerRecord) {
        let number = self.partitions.withLock { partitions in
            partitions[partition].append(Entry(enqueued: .now))
            return partitions[partition].count - 1
        }
        let value = "\(partition) \(number) and what makes it as long as records are, which is a hundred bytes or so"
        return (number, ProducerRecord(topic: self.topic, partition: Int32(partition), value: value))
    }

    func note(_ ending: Ending, of number: Int, partition: Int) {
        self.partitions.withLock { partitions in
            partitions[partition][number].ended = .now
            partitions[partition][number].ending = ending
        }
    }

    /// The number of records enqueued in each partition.
    var enqueued: [Int] { self.partitions.withLock { $0.map(\.count) } }

    /// Returns whether each partition has an acknowledged record from these numbers on.
    func isAcknowledged(past numbers: [Int]) -> Bool {
        self.partitions.withLock { partitions in
            zip(partitions, numbers).allSatisfy { entries, number in
                entries.dropFirst(number).contains {
                    if case .acknowledged? = $0.ending { true } else { false }
                }
            }
        }
    }

    /// The longest time from enqueueing a record to its result.
    var longestWait: Duration {
        self.partitions.withLock { partitions in
            partitions.joined().compactMap { entry in entry.ended.map { $0 - entry.enqueued } }.max() ?? .zero
        }
    }

    /// The longest time between two acknowledgements of a partition's records.
    var longestStall: Duration {
        self.partitions.withLock { partitions in
            partitions.reduce(.zero) { longest, entries in
                let times = entries.compactMap { entry in
                    if case .acknowledged? = entry.ending { entry.ended } else { nil }
                }.sorted()
                return zip(times, times.dropFirst()).reduce(longest) { max($0, $1.1 - $1.0) }
            }
        }
    }

    // MARK: - Findings

    /// The records that were not acknowledged.
    var unacknowledged: [String] {
        self.partitions.withLock { partitions in
            partitions.enumerated().flatMap { partition, entries in
                entries.enumerated().compactMap { number, entry in
                    switch entry.ending {
                    case .acknowledged?: nil
                    case .failed(let error)?: "\(partition) \(number) failed: \(error)"
                    case .unknown(let error)?: "\(partition) \(number) is unknown: \(error)"
                    case nil: "\(partition) \(number) has not ended"
                    }
                }
            }
        }
    }

    /// Returns what is wrong with a log that was read from the beginning to the end of every partition: acknowledged
    /// records that are lost or at another offset than reported, and records that are doubled, out of order, or were
    /// never sent.
    func violations(in log: [Stored]) -> [String] {
        let partitions = self.partitions.withLock { $0 }
        var violations: [String] = []
        var offsets = partitions.map { $0.map { _ in Int64?.none } }
        var last = partitions.map { _ in (number: -1, offset: Int64(-1)) }
        for record in log {
            let words = record.text.split(separator: " ")
            let partition = record.partition
            guard words.count > 2, let written = Int(words[0]), let number = Int(words[1]), written == partition,
                partitions.indices.contains(partition), partitions[partition].indices.contains(number)
            else {
                violations.append("nobody wrote \(record.text) to \(partition)")
                continue
            }
            let name = "\(partition) \(number)"
            if record.offset <= last[partition].offset {
                violations.append("\(name) is read at \(record.offset), after \(last[partition].offset)")
            }
            if let offset = offsets[partition][number] {
                violations.append("\(name) is doubled: at \(offset) and \(record.offset)")
            } else if number < last[partition].number {
                violations.append("\(name) is behind \(last[partition].number)")
            }
            switch partitions[partition][number].ending {
            case .acknowledged(let offset?) where offset != record.offset:
                violations.append("\(name) is at \(record.offset), acknowledged at \(offset)")
            case .failed(let error):
                violations.append("\(name) is stored, and had failed: \(error)")
            default: break
            }
            offsets[partition][number] = record.offset
            last[partition] = (max(number, last[partition].number), record.offset)
        }
        for (partition, entries) in partitions.enumerated() {
            for (number, entry) in entries.enumerated() where offsets[partition][number] == nil {
                if case .acknowledged(let offset)? = entry.ending {
                    violations.append("\(partition) \(number) is lost, acknowledged at \(offset ?? -1)")
                }
            }
        }
        return violations
    }
}
