// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// Finds the positions of partitions that have none, and validates positions after a change of leader.
final class PositionFinder: Sendable {
    let core: ConsumerCore
    /// Wakes the look-ups.
    private let signal: Signal
    /// The tasks that wait for the position of a partition.
    let waiters: WaiterList

    init(_ core: ConsumerCore, signal: Signal, waiters: WaiterList) {
        self.core = core
        self.signal = signal
        self.waiters = waiters
    }

    /// Runs until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let (due, next) = self.core.state.withLock { $0.subscriptions.beginLookups(now: self.core.loop.now) }
                for (partition, reset) in self.core.state.withLock({ $0.subscriptions.takeResets() }) {
                    self.report(reset, of: partition)
                }
                let committed = due.filter { $0.kind == .committed }
                if !committed.isEmpty {
                    group.addTask(executorPreference: self.core.loop) { await self.lookUpCommitted(committed) }
                }
                for (leader, lookups) in Dictionary(grouping: due.filter { $0.kind != .committed }, by: \.leader) {
                    guard let leader else { continue }
                    group.addTask(executorPreference: self.core.loop) { await self.lookUp(lookups, at: leader) }
                }
                self.core.wake([.positionWaiters])
                if !due.isEmpty || next.map({ $0 <= self.core.loop.now }) == true {
                    self.core.wake([.reader])
                    continue
                }
                await self.signal.wait(until: next, on: self.core.loop)
            }
        }
    }

    private func report(_ reset: PositionReset, of partition: TopicPartition) {
        let place: [(LogKey, String)] = [
            (.topic, partition.topic), (.partition, "\(partition.partition)"), (.offset, "\(reset.offset)"),
        ]
        switch reset.reason {
        case .topicMadeAgain:
            self.core.logger(
                .warning, "A topic was deleted and made again; it is read from where autoOffsetReset says", place)
        case .outsideTheLog:
            self.core.logger(
                .warning,
                "A position lies outside of its log; the partition is read on from where autoOffsetReset says", place)
        case .truncated:
            self.core.logger(
                .warning, "Records that were read are gone from the log; it is read on from where they began", place)
        }
    }

    private var lookupDeadline: MonotonicTime { self.core.loop.now + self.core.configuration.cluster.requestTimeout }

    private func lookUpCommitted(_ lookups: [PositionLookup]) async {
        guard let group = self.core.configuration.groupID else { return }
        let wakening: Wakening
        do throws(KafkaError) {
            let offsets = try await self.committedOffsets(of: lookups.map(\.partition), group)
            let now = self.core.loop.now
            let retryAt = now + self.core.cluster.backoff(failures: 1)
            wakening = self.core.state.withLock { state in
                lookups.reduce(into: []) { wakening, lookup in
                    switch offsets[lookup.partition]?.result {
                    case .success(let committed)?:
                        wakening.formUnion(state.subscriptions.committedFound(lookup, committed))
                    case .failure(let error)?:
                        wakening.formUnion(
                            state.subscriptions.lookupFailed(lookup, error, now: now, retryAt: retryAt))
                    case nil:
                        wakening.formUnion(
                            state.subscriptions.lookupFailed(
                                lookup, .leftOut(by: nil), now: now, retryAt: retryAt))
                    }
                }
            }
            self.committedOffsetsFound()
        } catch {
            self.report(error)
            wakening = self.failed(lookups, error, isToldElsewhere: true)
        }
        self.core.tellOfPartitions()
        self.core.wake(wakening.union(.positionWaiters))
    }

    /// Resets the trouble report, because the coordinator answers again.
    private func committedOffsetsFound() {
        let wasTold = self.core.state.withLock { state in
            defer { state.committedTrouble = JoiningTrouble() }
            return state.committedTrouble.isTold
        }
        if wasTold { self.core.logger(.info, "The group's committed offsets can be read again", []) }
    }

    /// Logs a lasting failure to read committed offsets, because nothing is read until then and the reader receives no
    /// retriable errors.
    private func report(_ error: KafkaError) {
        guard error.isRetriable, error.code != .cancelled else { return }
        let now = self.core.loop.now
        guard let lasting = self.core.state.withLock({ $0.committedTrouble.failed(now: now) }) else { return }
        self.core.logger(
            .warning, "The group's committed offsets can't be read; trying again",
            [
                (.error, error.description),
                (.reason, "it has been tried for \(lasting.components.seconds) s"),
            ])
    }

    private func committedOffsets(
        of partitions: [TopicPartition], _ group: String
    ) async throws(KafkaError) -> [TopicPartition: CallOutcome<OffsetAndMetadata?>] {
        // The time at one coordinator is limited, so that there is time to ask another one, which heartbeats may have
        // found, if it hangs.
        let now = self.core.loop.now
        let limit = min(
            self.core.configuration.cluster.requestTimeout, self.core.configuration.groupProtocol.coordinatorPatience)
        let backoff = self.core.configuration.cluster.retryBackoffMax
        let deadline = self.core.state.withLock {
            $0.committedTrouble.attempts(now: now, limit: limit, backoff: backoff)
        }
        let coordinator = try await self.core.cluster.coordinator(.group, for: group, deadline: deadline)
        return try await self.core.cluster.attempt(
            OffsetFetchCall(group: group), for: partitions, of: coordinator, deadline: deadline)
    }

    private func lookUp(_ lookups: [PositionLookup], at leader: Int32) async {
        var targets: [TopicPartition: OffsetTarget] = [:]
        var epochs: [TopicPartition: Int32] = [:]
        for lookup in lookups {
            switch lookup.kind {
            case .list(let target): targets[lookup.partition] = target
            case .endOfEpoch(let epoch): epochs[lookup.partition] = epoch
            case .committed: break
            }
        }
        let byPartition = Dictionary(lookups.map { ($0.partition, $0) }) { $1 }
        var wakening: Wakening = []
        do throws(KafkaError) {
            if !targets.isEmpty { wakening.formUnion(try await self.lookUp(targets, byPartition, at: leader)) }
            if !epochs.isEmpty { wakening.formUnion(try await self.validate(epochs, byPartition, at: leader)) }
        } catch {
            wakening.formUnion(self.failed(lookups, error))
            wakening.insert(.metadata)
        }
        self.core.tellOfPartitions()
        self.core.wake(wakening.union(.positionWaiters))
    }

    private func lookUp(
        _ targets: [TopicPartition: OffsetTarget], _ lookups: [TopicPartition: PositionLookup], at leader: Int32
    ) async throws(KafkaError) -> Wakening {
        let call = ListOffsetsCall(
            targets: targets, isolationLevel: self.core.configuration.isolationLevel,
            now: self.core.loop.clock.coarseWallMilliseconds)
        let outcomes = try await self.core.cluster.attempt(
            call, for: Array(targets.keys), of: leader, deadline: self.lookupDeadline)
        let now = self.core.loop.now
        return self.core.state.withLock { state in
            var wakening: Wakening = []
            for partition in targets.keys {
                guard let lookup = lookups[partition] else { continue }
                switch outcomes[partition]?.result ?? .failure(.leftOut(by: nil)) {
                case .success(let listed?):
                    wakening.formUnion(
                        state.subscriptions.offsetFound(lookup, offset: listed.offset, epoch: listed.leaderEpoch))
                case .success(nil):
                    // No record is as new as the target, so the next ones written will be the first.
                    wakening.formUnion(state.subscriptions.redirect(lookup, to: .latest))
                case .failure(let error):
                    wakening.formUnion(self.failed(lookup, error, now: now, in: &state))
                }
            }
            return wakening
        }
    }

    private func validate(
        _ epochs: [TopicPartition: Int32], _ lookups: [TopicPartition: PositionLookup], at leader: Int32
    ) async throws(KafkaError) -> Wakening {
        var outcomes: [TopicPartition: CallOutcome<Int64?>]?
        do throws(KafkaError) {
            outcomes = try await self.core.cluster.attempt(
                OffsetForLeaderEpochCall(epochs: epochs), for: Array(epochs.keys), of: leader,
                deadline: self.lookupDeadline)
        } catch {
            // A broker that doesn't support the request can't validate positions.
            guard error.code == .unsupportedVersion else { throw error }
        }
        let now = self.core.loop.now
        return self.core.state.withLock { state in
            var wakening: Wakening = []
            for partition in epochs.keys {
                guard let lookup = lookups[partition] else { continue }
                guard let outcomes else {
                    wakening.formUnion(state.subscriptions.cannotValidate(lookup))
                    continue
                }
                switch outcomes[partition]?.result ?? .failure(.leftOut(by: nil)) {
                case .success(let end):
                    wakening.formUnion(state.subscriptions.endOfEpochFound(lookup, endOffset: end))
                case .failure(let error):
                    wakening.formUnion(self.failed(lookup, error, now: now, in: &state))
                }
            }
            return wakening
        }
    }

    /// Notes that a leader could not answer for one partition. Metadata may name another leader.
    private func failed(
        _ lookup: PositionLookup, _ error: KafkaError, now: MonotonicTime, in state: inout ConsumerState
    ) -> Wakening {
        let wakening = state.subscriptions.lookupFailed(
            lookup, error, now: now, retryAt: now + self.core.cluster.backoff(failures: 1))
        return error.isRetriable ? wakening.union(.metadata) : wakening
    }

    private func failed(
        _ lookups: [PositionLookup], _ error: KafkaError, isToldElsewhere: Bool = false
    ) -> Wakening {
        let now = self.core.loop.now
        let time = now + self.core.cluster.backoff(failures: 1)
        return self.core.state.withLock { state in
            lookups.reduce(into: []) { wakening, lookup in
                wakening.formUnion(
                    state.subscriptions.lookupFailed(
                        lookup, error, now: now, retryAt: time, isToldElsewhere: isToldElsewhere))
            }
        }
    }
}
