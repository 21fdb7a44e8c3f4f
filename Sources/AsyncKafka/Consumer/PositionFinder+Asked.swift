// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// Positions and committed offsets that users query or set.
extension PositionFinder {
    func seek(_ partition: TopicPartition, to target: KafkaConsumer.SeekTarget) async throws(KafkaError) {
        let phase: AssignedPartition.Phase
        switch target {
        case .offset(let offset):
            guard offset >= 0 else {
                throw KafkaError(
                    .invalidArgument, "An offset must not be negative: \(offset).", topic: partition.topic,
                    partition: partition.partition)
            }
            try self.core.state.withLock { state throws(KafkaError) in
                try state.subscriptions.seek(partition, to: FetchPosition(offset: offset))
            }
            self.core.wake([.fetchers, .positionWaiters])
            return
        case .committed:
            guard let committed = try await self.committed([partition])[partition] else {
                throw KafkaError(
                    .noOffsetForPartition, "The group has no committed offset for the partition.",
                    topic: partition.topic, partition: partition.partition, group: self.core.configuration.groupID)
            }
            try self.core.state.withLock { state throws(KafkaError) in
                try state.subscriptions.seek(
                    partition, to: FetchPosition(offset: committed.offset, epoch: committed.leaderEpoch))
            }
            self.core.wake([.fetchers, .positionWaiters])
            return
        case .beginning: phase = .resetting(.earliest)
        case .end: phase = .resetting(.latest)
        case .timestamp(let time):
            phase = .resetting(.timestamp(time.millisecondsSince1970))
        }
        _ = try self.core.state.withLock { state throws(KafkaError) in
            try state.subscriptions.beginSeek(partition, phase)
        }
        _ = try await self.position(of: partition)
    }

    func position(of partition: TopicPartition) async throws(KafkaError) -> Int64 {
        let deadline = self.core.apiDeadline
        while true {
            if let position = try self.positionIfKnown(partition) { return position }
            self.core.wake([.positions])
            try await self.waiters.wait(until: deadline, on: self.core.loop) {
                do throws(KafkaError) {
                    return try self.positionIfKnown(partition) != nil
                } catch {
                    // The error ends the wait as well, and is thrown above.
                    return true
                }
            } orThrow: {
                self.positionTimeout(partition)
            }
        }
    }

    /// Returns the error of a wait for a position that has timed out, with the reason of the last failed look-up if
    /// there is one.
    private func positionTimeout(_ partition: TopicPartition) -> KafkaError {
        let what = "The partition's position was not found in time"
        let now = self.core.loop.now
        guard let last = self.core.state.withLock({ $0.subscriptions.refusals[partition]?.summary(now: now) }) else {
            return self.core.cluster.timeoutError(what, topic: partition.topic)
        }
        return KafkaError(
            .timedOut, "\(what). \(last.message)", brokerCode: last.brokerCode, broker: last.broker,
            topic: partition.topic, partition: partition.partition, group: last.group, isRetriable: true,
            underlyingError: last)
    }

    private func positionIfKnown(_ partition: TopicPartition) throws(KafkaError) -> Int64? {
        try self.core.state.withLock { state throws(KafkaError) in
            let assigned = try state.subscriptions.require(partition)
            if let failure = assigned.failure { throw failure }
            guard assigned.hasPosition else {
                state.subscriptions.partitions[partition]?.isPositionWanted = true
                return nil
            }
            return state.subscriptions.handedOut(partition, assigned).offset
        }
    }

    func committed(
        _ partitions: [TopicPartition]
    ) async throws(KafkaError) -> [TopicPartition: OffsetAndMetadata] {
        guard let group = self.core.configuration.groupID else {
            throw KafkaError(.illegalState, "Offsets are committed in a group: the configuration has no groupID.")
        }
        guard !partitions.isEmpty else { return [:] }
        let committed = await self.core.cluster.perform(
            OffsetFetchCall(group: group), for: partitions, deadline: self.core.apiDeadline)
        return try committed.allSucceeded().compactMapValues { $0 }
    }
}
