// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaMemory

/// What the members of a group did, in the order in which it happened, held against what reading at least once allows:
///
/// - a partition has one owner at a time, and is given up before the next one has it;
/// - an owner begins where the group's last commit ended, and reads on from there without a gap, a repetition or a step back;
///   so what is read again are the records behind the last commit, and nothing is left out.
///
/// For topics whose offsets have no gaps.
final class GroupJournal: Sendable {
    private struct Partition {
        var owner: Int?
        /// What the owner has to read next; nil before its first record.
        var next: Int64?
        /// The end of the last commit that was answered.
        var committed: Int64 = 0
        /// The end of the last commit, which may have taken place even if no answer said so.
        var attempted: Int64 = 0
        /// The end of what has been read by anybody.
        var read: Int64 = 0
        /// How many were read again.
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

    // MARK: - What happens

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

    /// Notes what a commit of all that a member has read is going to say.
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

    /// The commit was answered with success. Of any other it is not certain that it did not take place.
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

    /// A member has ended with an error.
    func failed(_ error: any Error) {
        self.state.withLock { $0.failure = $0.failure ?? error }
    }

    // MARK: - Findings

    /// Why the first member that did not end well has ended.
    var failure: (any Error)? { self.state.withLock { $0.failure } }

    var violations: [String] { self.state.withLock { $0.violations } }
    /// The end of what has been read of each partition; everything before it has been.
    var read: [Int] { self.state.withLock { $0.partitions.map { Int($0.read) } } }
    var committed: [Int] { self.state.withLock { $0.partitions.map { Int($0.committed) } } }
    /// How many records were read more than once.
    var repeated: Int { self.state.withLock { $0.partitions.reduce(0) { $0 + $1.repeated } } }
    /// The owner of each partition.
    var owners: [Int?] { self.state.withLock { $0.partitions.map(\.owner) } }
    /// How often a member was told what it has.
    func assignments(of member: Int) -> Int { self.state.withLock { $0.assignments[member, default: 0] } }
}
