// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

extension KafkaAdminClient {
    /// Lists all committed offsets of groups.
    ///
    /// - Parameters:
    ///   - groups: The ids of the groups.
    ///   - requireStable: Whether to wait while transactions that commit offsets are open (KIP-447). Requires Kafka 2.5. Default:
    ///     false.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each group, by id: its offsets, by partition. It is empty for a group that doesn't exist. It is
    ///   `.unsupportedVersion` if `requireStable` is set with brokers below Kafka 2.5.
    public func listGroupOffsets(
        _ groups: [String], requireStable: Bool = false, timeout: Duration? = nil
    ) async -> [String: Result<[TopicPartition: OffsetAndMetadata], KafkaError>] {
        await self.perform(
            GroupOffsetsCall(pending: requireStable ? .avoided : .ignored), for: groups, timeout: timeout)
    }

    /// Looks up committed offsets of a group in some partitions.
    ///
    /// - Parameters:
    ///   - group: The group's id.
    ///   - partitions: The partitions.
    ///   - requireStable: Whether to wait while transactions that commit offsets are open (KIP-447). Requires Kafka 2.5. Default:
    ///     false.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each partition. The value is nil if no offset is committed. It is `.unsupportedVersion` if
    ///   `requireStable` is set with brokers below Kafka 2.5.
    public func listGroupOffsets(
        of group: String, in partitions: [TopicPartition], requireStable: Bool = false, timeout: Duration? = nil
    ) async -> [TopicPartition: Result<OffsetAndMetadata?, KafkaError>] {
        let call = OffsetFetchCall(group: group, pending: requireStable ? .avoided : .ignored)
        return await self.perform(call, for: partitions, timeout: timeout)
    }

    /// Sets committed offsets of a group that has no members. The group is created if it doesn't exist.
    ///
    /// - Parameters:
    ///   - offsets: The offsets: of the next record to read in each partition.
    ///   - group: The group's id.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each partition. The `brokerCode` is `.nonEmptyGroup` if the group has members, whose offsets only
    ///   they may commit. It is `.invalidArgument` for a negative offset.
    public func alterGroupOffsets(
        _ offsets: [TopicPartition: OffsetAndMetadata], of group: String, timeout: Duration? = nil
    ) async -> [TopicPartition: Result<Void, KafkaError>] {
        await self.commit(offsets, of: group, deadline: self.deadline(timeout))
    }

    func commit(
        _ offsets: [TopicPartition: OffsetAndMetadata], of group: String, deadline: MonotonicTime
    ) async -> [TopicPartition: Result<Void, KafkaError>] {
        let valid = offsets.filter { $0.value.offset >= 0 }
        var results: [TopicPartition: Result<Void, KafkaError>] = [:]
        for (partition, offset) in offsets where offset.offset < 0 {
            results[partition] = .failure(
                KafkaError(
                    .invalidArgument, "An offset must not be negative; it is \(offset.offset).", topic: partition.topic,
                    partition: partition.partition, group: group))
        }
        let call = OffsetCommitCall(group: group, offsets: valid)
        let committed = await self.cluster.perform(call, for: Array(valid.keys), deadline: deadline)
        for (partition, result) in committed {
            results[partition] = result.mapError { $0.isRefusalOfForeignCommit ? .hasMembers(group, $0) : $0 }
        }
        return results
    }

    /// Deletes committed offsets of a group (KIP-496). Requires Kafka 2.4.
    ///
    /// - Parameters:
    ///   - partitions: The partitions. It is a success if no offset is committed for one.
    ///   - group: The group's id.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each partition. The `brokerCode` is `.groupSubscribedToTopic` if a member subscribes to the topic,
    ///   `.nonEmptyGroup` for another kind of group with members, and `.groupIdNotFound` if there is no such group. It is
    ///   `.unsupportedVersion` with brokers below Kafka 2.4.
    public func deleteGroupOffsets(
        _ partitions: [TopicPartition], of group: String, timeout: Duration? = nil
    ) async -> [TopicPartition: Result<Void, KafkaError>] {
        await self.perform(OffsetDeleteCall(group: group), for: partitions, timeout: timeout)
    }

    /// Describes how far groups of consumers are behind the ends of their partitions.
    ///
    /// - Parameters:
    ///   - groups: The ids of the groups.
    ///   - isolationLevel: Whether records of open transactions count. Default: `.readUncommitted`.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each group, by id. The `brokerCode` is `.groupIdNotFound` if there is no such group. Lags of share
    ///   groups are in ``KafkaAdminClient/listShareGroupOffsets(_:timeout:)``.
    public func describeGroupLag(
        _ groups: [String], isolationLevel: IsolationLevel = .readUncommitted, timeout: Duration? = nil
    ) async -> [String: Result<GroupLag, KafkaError>] {
        let deadline = self.deadline(timeout)
        async let described = self.describe(groups, as: [.consumer, .classic], deadline: deadline)
        async let listed = self.cluster.perform(
            GroupOffsetsCall(pending: .ignored), for: groups, deadline: deadline)
        var calculation = LagCalculation(descriptions: await described, offsets: await listed)
        let existing = await self.existing(calculation.partitions, deadline: deadline)
        let ends = await self.list(
            Dictionary(existing.partitions.map { ($0, .latest) }) { $1 }, isolationLevel, deadline: deadline,
            timeout: timeout)
        calculation.ends = existing.failures.merging(ends) { $1 }
        return calculation.results
    }

    /// Returns the partitions that exist, and the errors of those whose topics can't be described for another reason than that
    /// they don't exist. Looking an offset up in a deleted topic would wait for it until the deadline.
    private func existing(
        _ partitions: Set<TopicPartition>, deadline: MonotonicTime
    ) async -> (partitions: [TopicPartition], failures: [TopicPartition: Result<ListedOffset?, KafkaError>]) {
        let call = TopicMetadataCall(includesAuthorizedOperations: false)
        let topics = await self.cluster.perform(call, for: Array(Set(partitions.map(\.topic))), deadline: deadline)
        var found: [TopicPartition] = []
        var failures: [TopicPartition: Result<ListedOffset?, KafkaError>] = [:]
        for partition in partitions {
            switch topics[partition.topic] {
            case .success(let topic)?:
                if topic.partitions.contains(where: { $0.partition == partition.partition }) { found.append(partition) }
            case .failure(let error)? where error.code != .unknownTopicOrPartition:
                failures[partition] = .failure(error)
            case .failure?, nil:
                break
            }
        }
        return (found, failures)
    }
}

extension KafkaError {
    /// Whether a coordinator has refused a commit because the sender isn't a member of the group, which has members.
    var isRefusalOfForeignCommit: Bool {
        switch self.brokerCode {
        case ErrorCode.unknownMemberId?, ErrorCode.illegalGeneration?, ErrorCode.rebalanceInProgress?,
            ErrorCode.staleMemberEpoch?, ErrorCode.fencedMemberEpoch?:
            true
        default: false
        }
    }

    /// The error for offsets of a group whose members are the only ones to commit them.
    static func hasMembers(_ group: String, _ refusal: KafkaError? = nil) -> KafkaError {
        var error = KafkaError(
            .brokerError, "The group has members, and only they may commit its offsets: stop them first.",
            brokerCode: .nonEmptyGroup, group: group)
        error.broker = refusal?.broker
        error.topic = refusal?.topic
        error.partition = refusal?.partition
        error.underlyingError = refusal
        return error
    }
}
