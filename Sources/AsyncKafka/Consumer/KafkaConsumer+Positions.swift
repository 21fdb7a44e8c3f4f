// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

extension KafkaConsumer {
    /// Finds positions for the partitions that have none, and validates those that a new leader makes doubtful.
    func lookUpPositions() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let (due, next) = self.state.withLock { $0.subscriptions.beginLookups(now: self.loop.now) }
                for (partition, reset) in self.state.withLock({ $0.subscriptions.takeResets() }) {
                    self.report(reset, of: partition)
                }
                let committed = due.filter { $0.kind == .committed }
                if !committed.isEmpty {
                    group.addTask(executorPreference: self.loop) { await self.lookUpCommitted(committed) }
                }
                for (leader, lookups) in Dictionary(grouping: due.filter { $0.kind != .committed }, by: \.leader) {
                    guard let leader else { continue }
                    group.addTask(executorPreference: self.loop) { await self.lookUp(lookups, at: leader) }
                }
                self.positionWaiters.wakeAll()
                if !due.isEmpty || next.map({ $0 <= self.loop.now }) == true {
                    self.wake([.reader])
                    continue
                }
                await self.positionSignal.wait(until: next, on: self.loop)
            }
        }
    }

    private func report(_ reset: PositionReset, of partition: TopicPartition) {
        let place: [(LogKey, String)] = [
            (.topic, partition.topic), (.partition, "\(partition.partition)"), (.offset, "\(reset.offset)"),
        ]
        switch reset.reason {
        case .topicMadeAgain:
            self.logger(
                .warning, "A topic was deleted and made again; it is read from where autoOffsetReset says", place)
        case .outsideTheLog:
            self.logger(
                .warning,
                "A position lies outside of its log; the partition is read on from where autoOffsetReset says", place)
        case .truncated:
            self.logger(
                .warning, "Records that were read are gone from the log; it is read on from where they began", place)
        }
    }

    private var lookupDeadline: MonotonicTime { self.loop.now + self.configuration.cluster.requestTimeout }

    private func lookUpCommitted(_ lookups: [PositionLookup]) async {
        guard let group = self.configuration.groupID else { return }
        let wakening: Wakening
        do throws(KafkaError) {
            let offsets = try await self.committedOffsets(of: lookups.map(\.partition), group)
            let retryAt = self.loop.now + self.cluster.backoff(failures: 1)
            wakening = self.state.withLock { state in
                lookups.reduce(into: []) { wakening, lookup in
                    switch offsets[lookup.partition]?.result {
                    case .success(let committed)?:
                        wakening.formUnion(state.subscriptions.committedFound(lookup, committed))
                    case .failure(let error)?:
                        wakening.formUnion(state.subscriptions.lookupFailed(lookup, error, retryAt: retryAt))
                    case nil:
                        wakening.formUnion(
                            state.subscriptions.lookupFailed(lookup, .leftOut(by: nil), retryAt: retryAt))
                    }
                }
            }
            self.committedOffsetsFound()
        } catch {
            self.report(error)
            wakening = self.failed(lookups, error)
        }
        self.wake(wakening)
        self.positionWaiters.wakeAll()
    }

    /// The coordinator answers again.
    private func committedOffsetsFound() {
        let wasTold = self.state.withLock { state in
            defer { state.committedTrouble = JoiningTrouble() }
            return state.committedTrouble.isTold
        }
        if wasTold { self.logger(.info, "The group's committed offsets can be read again", []) }
    }

    /// Nothing is read while the positions are not known, and nobody is told of an error that may pass.
    private func report(_ error: KafkaError) {
        guard error.isRetriable, error.code != .cancelled else { return }
        let now = self.loop.now
        guard let lasting = self.state.withLock({ $0.committedTrouble.failed(now: now) }) else { return }
        self.logger(
            .warning, "The group's committed offsets can't be read; trying again",
            [
                (.error, error.description),
                (.reason, "it has been tried for \(lasting.components.seconds) s"),
            ])
    }

    private func committedOffsets(
        of partitions: [TopicPartition], _ group: String
    ) async throws(KafkaError) -> [TopicPartition: CallOutcome<OffsetAndMetadata?>] {
        // A coordinator that hangs is noticed while another one, which heartbeats may have found, can still be asked.
        let now = self.loop.now
        let limit = min(self.configuration.cluster.requestTimeout, self.configuration.sessionTimeout / 3)
        let backoff = self.configuration.cluster.retryBackoffMax
        let deadline = self.state.withLock { $0.committedTrouble.attempts(now: now, limit: limit, backoff: backoff) }
        let coordinator = try await self.cluster.coordinator(.group, for: group, deadline: deadline)
        return try await self.cluster.attempt(
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
        self.wake(wakening)
        self.positionWaiters.wakeAll()
    }

    private func lookUp(
        _ targets: [TopicPartition: OffsetTarget], _ lookups: [TopicPartition: PositionLookup], at leader: Int32
    ) async throws(KafkaError) -> Wakening {
        let call = ListOffsetsCall(
            targets: targets, isolationLevel: self.configuration.isolationLevel,
            now: self.loop.clock.coarseWallMilliseconds)
        let outcomes = try await self.cluster.attempt(
            call, for: Array(targets.keys), of: leader, deadline: self.lookupDeadline)
        let now = self.loop.now
        return self.state.withLock { state in
            var wakening: Wakening = []
            for partition in targets.keys {
                guard let lookup = lookups[partition] else { continue }
                switch outcomes[partition]?.result ?? .failure(.leftOut(by: nil)) {
                case .success(let listed?):
                    wakening.formUnion(
                        state.subscriptions.offsetFound(lookup, offset: listed.offset, epoch: listed.epoch))
                case .success(nil):
                    // Nothing is as new as that: what comes will be.
                    wakening.formUnion(state.subscriptions.redirect(lookup, to: .latest))
                case .failure(let error):
                    wakening.formUnion(
                        state.subscriptions.lookupFailed(
                            lookup, error, retryAt: now + self.cluster.backoff(failures: 1)))
                    if error.isRetriable { wakening.insert(.metadata) }
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
            outcomes = try await self.cluster.attempt(
                OffsetForLeaderEpochCall(epochs: epochs), for: Array(epochs.keys), of: leader,
                deadline: self.lookupDeadline)
        } catch {
            // A broker that is too old to be asked has no answer.
            guard error.code == .unsupportedVersion else { throw error }
        }
        let now = self.loop.now
        return self.state.withLock { state in
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
                    wakening.formUnion(
                        state.subscriptions.lookupFailed(
                            lookup, error, retryAt: now + self.cluster.backoff(failures: 1)))
                    if error.isRetriable { wakening.insert(.metadata) }
                }
            }
            return wakening
        }
    }

    private func failed(_ lookups: [PositionLookup], _ error: KafkaError) -> Wakening {
        let time = self.loop.now + self.cluster.backoff(failures: 1)
        return self.state.withLock { state in
            lookups.reduce(into: []) { wakening, lookup in
                wakening.formUnion(state.subscriptions.lookupFailed(lookup, error, retryAt: time))
            }
        }
    }
}
