// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation
import KafkaMemory

/// The callbacks and reads of a group's members in one order, with a way to wait for them.
final class GroupLog: Sendable {
    enum Callback: Hashable, Sendable {
        case revoking
        case revoked
        case assigning
        case assigned
        case lost

        var isGivingUp: Bool { self == .revoked || self == .lost }
    }

    struct Event: Hashable, Sendable {
        var member: String
        var callback: Callback
        var partitions: Set<TopicPartition>
        /// The time in milliseconds since 1970. Events of other processes are received later.
        var time: Int64
    }

    private struct State {
        var events: [Event] = []
        var reads: [TopicPartition: [Int64]] = [:]
        var readers: [TopicPartition: [String]] = [:]
        var uncommitted: Set<String> = []
        var failure: (any Error)?
        var waiters: [(isMet: @Sendable (GroupLog.View) -> Bool, CheckedContinuation<Void, Never>)] = []

        var view: View {
            View(events: self.events, reads: self.reads, readers: self.readers, uncommitted: self.uncommitted)
        }
    }

    /// What has happened so far.
    struct View: Sendable {
        var events: [Event]
        /// The offsets of the records read by any member, in order.
        var reads: [TopicPartition: [Int64]]
        /// The members that read these records, in the same order.
        var readers: [TopicPartition: [String]] = [:]
        /// The members of other clients that could not commit what they had read.
        var uncommitted: Set<String> = []

        var readCount: Int { self.reads.values.reduce(0) { $0 + $1.count } }

        /// The members that read each record that was read more than once.
        var repetitions: [[String]] {
            self.reads.flatMap { partition, offsets in
                let readers = zip(offsets, self.readers[partition] ?? [])
                return Dictionary(grouping: readers) { $0.0 }.values.filter { $0.count > 1 }.map { $0.map(\.1) }
            }
        }

        /// The partitions of each member, after its last completed rebalance.
        var holdings: [String: Set<TopicPartition>] {
            var holdings: [String: Set<TopicPartition>] = [:]
            for event in self.events {
                switch event.callback {
                case .assigned: holdings[event.member, default: []].formUnion(event.partitions)
                case .revoking, .lost: holdings[event.member]?.subtract(event.partitions)
                case .revoked, .assigning: break
                }
            }
            return holdings
        }

        /// The partitions assigned to a member before their previous owner had given them up.
        var overlaps: [Event] {
            var owners: [TopicPartition: String] = [:]
            var overlaps: [Event] = []
            // Events of the same millisecond may have happened in either order.
            let byTime = self.events.sorted { left, right in
                (left.time, left.callback.isGivingUp ? 0 : 1) < (right.time, right.callback.isGivingUp ? 0 : 1)
            }
            for event in byTime {
                for partition in event.partitions {
                    switch event.callback {
                    case .assigning:
                        if owners[partition] != nil { overlaps.append(event) }
                        owners[partition] = event.member
                    case .revoked, .lost:
                        if owners[partition] == event.member { owners[partition] = nil }
                    case .assigned, .revoking: break
                    }
                }
            }
            return overlaps
        }
    }

    private let state = Lock(State())

    var view: View { self.state.withLock { $0.view } }

    /// Adds an event.
    ///
    /// - Parameter time: The time of the event, if it happened in another process.
    func add(_ member: String, _ callback: Callback, _ partitions: [TopicPartition], at time: Int64? = nil) {
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        let event = Event(member: member, callback: callback, partitions: Set(partitions), time: time ?? now)
        self.change { $0.events.append(event) }
    }

    func read(_ offset: Int64, of partition: TopicPartition, by member: String) {
        self.change { state in
            state.reads[partition, default: []].append(offset)
            state.readers[partition, default: []].append(member)
        }
    }

    /// Records that a member of another client could not commit what it has read.
    func commitFailed(_ member: String) { self.change { _ = $0.uncommitted.insert(member) } }

    /// Records that a member has failed, and ends all waits.
    func failed(_ error: any Error) {
        self.change { $0.failure = $0.failure ?? error }
    }

    private func change(_ body: (inout State) -> Void) {
        let met = self.state.withLock { state in
            body(&state)
            let view = state.view
            let hasFailed = state.failure != nil
            let met = state.waiters.filter { hasFailed || $0.isMet(view) }.map(\.1)
            state.waiters.removeAll { hasFailed || $0.isMet(view) }
            return met
        }
        for waiter in met { waiter.resume() }
    }

    /// Waits for a condition, or for a member's failure, which is thrown. The test's time limit ends a wait without
    /// success.
    func until(_ isMet: @escaping @Sendable (View) -> Bool) async throws {
        await withCheckedContinuation { continuation in
            let isMetAlready = self.state.withLock { state in
                if state.failure != nil || isMet(state.view) { return true }
                state.waiters.append((isMet, continuation))
                return false
            }
            if isMetAlready { continuation.resume() }
        }
        try self.check()
    }

    /// Throws the failure of the first member that has failed.
    func check() throws {
        if let failure = self.state.withLock({ $0.failure }) { throw failure }
    }

    /// Waits until these members have this many partitions, and no other member has any.
    func untilShared(_ shares: [String: Int]) async throws {
        try await self.until { view in
            view.holdings.mapValues(\.count).filter { $0.value > 0 } == shares.filter { $0.value > 0 }
        }
    }
}
