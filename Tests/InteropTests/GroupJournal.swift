// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaMemory

/// The actions of a group's members, in order, checked against at-least-once semantics:
///
/// - A partition has one owner at a time, and is given up before the next owner gets it.
/// - An owner begins at the group's last committed offset, and reads from there without a gap, a repetition or a step
///   back. So
///   only records after the last commit are read again, and none is skipped.
///
/// For topics whose offsets have no gaps.
final class GroupJournal: Sendable {
    private struct Partition {
        var owner: Int?
        /// The next offset that the owner has to read; nil before its first record.
        var next: Int64?
        /// The end of the last acknowledged commit.
        var committed: Int64 = 0
        /// The end of the last commit, which may have taken effect without an acknowledgement.
        var attempted: Int64 = 0
        /// The end of what any member has read.
        var read: Int64 = 0
        /// The number of records that were read again.
        var repeated = 0
    }

    private struct State {
        var partitions: [Partition]
        var violations: [String] = []
        var failure: (any Error)?
        var assignments: [Int: Int] = [:]
    }

    private let state: Lock<State>

    init(partitions: Int) {
        self.state = Lock(State(partitions: Array(repeating: Partition(), count: partitions)))
    }

    // MARK: - Events

    func assigned(_ partitions: [TopicPartition], to member: Int) {
        self.state.withLock { state in
            state.assignments[member, default: 0] += 1
            for name in partitions {
                let index = Int(name.partition)
                if let owner = state.partitions[index].owner {
                    state.violations.append("\(name) comes to \(member) and is still \(owner)'s")
                }
                state.partitions[index].owner = member
                state.partitions[index].next = nil
            }
        }
    }

    func read(_ offsets: some Sequence<Int64>, of name: TopicPartition, by member: Int) {
        self.state.withLock { state in
            var partition = state.partitions[Int(name.partition)]
            defer { state.partitions[Int(name.partition)] = partition }
            if partition.owner != member {
                state.violations.append(
                    "\(member) reads \(name), which is \(partition.owner.map { "\($0)'s" } ?? "free")")
            }
            for offset in offsets {
                switch partition.next {
                case nil where offset != partition.committed && offset != partition.attempted:
                    state.violations.append(
                        "\(member) begins \(name) at \(offset), and \(partition.committed) is committed")
                case let next? where offset != next:
                    state.violations.append("\(member) reads \(name) at \(offset) and not at \(next)")
                default: break
                }
                partition.next = offset + 1
                if offset < partition.read { partition.repeated += 1 }
                partition.read = max(partition.read, offset + 1)
            }
        }
    }

    /// Records that a member begins to commit all it has read, and returns the offsets.
    func commitBegins(_ member: Int) -> [Int: Int64] {
        self.state.withLock { state in
            var ends: [Int: Int64] = [:]
            for (index, partition) in state.partitions.enumerated() where partition.owner == member {
                guard let next = partition.next else { continue }
                ends[index] = next
                state.partitions[index].attempted = next
            }
            return ends
        }
    }

    /// Records that the commit succeeded. A commit that failed may have taken effect nevertheless.
    func commitSucceeded(_ ends: [Int: Int64]) {
        self.state.withLock { state in
            for (index, end) in ends { state.partitions[index].committed = end }
        }
    }

    func revoked(_ partitions: [TopicPartition], from member: Int) {
        self.state.withLock { state in
            for name in partitions {
                let index = Int(name.partition)
                if state.partitions[index].owner != member {
                    state.violations.append("\(member) gives up \(name), which it doesn't have")
                }
                state.partitions[index].owner = nil
                state.partitions[index].next = nil
            }
        }
    }

    func lost(_ partitions: [TopicPartition], by member: Int) {
        self.state.withLock { state in
            state.violations.append("\(member) loses \(partitions)")
            for name in partitions where state.partitions[Int(name.partition)].owner == member {
                state.partitions[Int(name.partition)].owner = nil
                state.partitions[Int(name.partition)].next = nil
            }
        }
    }

    /// Records that a member has ended with an error.
    func failed(_ error: any Error) {
        self.state.withLock { $0.failure = $0.failure ?? error }
    }

    // MARK: - Findings

    /// The error of the first member that failed.
    var failure: (any Error)? { self.state.withLock { $0.failure } }

    var violations: [String] { self.state.withLock { $0.violations } }
    /// The end of what has been read of each partition, without gaps.
    var read: [Int] { self.state.withLock { $0.partitions.map { Int($0.read) } } }
    var committed: [Int] { self.state.withLock { $0.partitions.map { Int($0.committed) } } }
    /// The number of records that were read more than once.
    var repeated: Int { self.state.withLock { $0.partitions.reduce(0) { $0 + $1.repeated } } }
    /// The owner of each partition.
    var owners: [Int?] { self.state.withLock { $0.partitions.map(\.owner) } }
    /// Returns how often a member received an assignment.
    func assignments(of member: Int) -> Int { self.state.withLock { $0.assignments[member, default: 0] } }
}
