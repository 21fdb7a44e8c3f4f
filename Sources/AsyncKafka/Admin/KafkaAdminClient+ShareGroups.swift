// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension KafkaAdminClient {
    /// Lists all offsets of share groups with their lags (KIP-932). Requires Kafka 4.2.
    ///
    /// - Parameters:
    ///   - groups: The ids of the groups.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each group, by id: its offsets in the partitions that it reads. The `brokerCode` is
    ///   `.groupIdNotFound` if there is no such share group. It is `.unsupportedVersion` with brokers below Kafka 4.2.
    public func listShareGroupOffsets(
        _ groups: [String], timeout: Duration? = nil
    ) async -> [String: Result<[TopicPartition: ShareGroupOffset], KafkaError>] {
        await self.perform(DescribeShareGroupOffsetsCall(), for: groups, timeout: timeout)
    }

    /// Sets offsets of a share group that has no members (KIP-932). Requires Kafka 4.2. The group is created if it doesn't exist.
    ///
    /// - Parameters:
    ///   - offsets: The offset of the next record to deliver, in each partition.
    ///   - group: The group's id.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each partition. The `brokerCode` is `.nonEmptyGroup` if the group has members. It is
    ///   `.invalidArgument` for a negative offset, and `.unsupportedVersion` with brokers below Kafka 4.2.
    public func alterShareGroupOffsets(
        _ offsets: [TopicPartition: Int64], of group: String, timeout: Duration? = nil
    ) async -> [TopicPartition: Result<Void, KafkaError>] {
        let valid = offsets.filter { $0.value >= 0 }
        var results: [TopicPartition: Result<Void, KafkaError>] = [:]
        for (partition, offset) in offsets where offset < 0 {
            results[partition] = .failure(
                KafkaError(
                    .invalidArgument, "An offset must not be negative; it is \(offset).", topic: partition.topic,
                    partition: partition.partition, group: group))
        }
        let call = AlterShareGroupOffsetsCall(group: group, offsets: valid)
        return results.merging(await self.perform(call, for: valid.keys, timeout: timeout)) { $1 }
    }

    /// Deletes all offsets of a share group without members in some topics (KIP-932). Requires Kafka 4.2. If it reads a topic
    /// again, it begins as a new group does.
    ///
    /// - Parameters:
    ///   - topics: The names of the topics.
    ///   - group: The group's id.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each topic, by name. The `brokerCode` is `.nonEmptyGroup` if the group has members, and
    ///   `.groupIdNotFound` if there is no such share group. It is `.unsupportedVersion` with brokers below Kafka 4.2.
    public func deleteShareGroupOffsets(
        topics: [String], of group: String, timeout: Duration? = nil
    ) async -> [String: Result<Void, KafkaError>] {
        await self.perform(DeleteShareGroupOffsetsCall(group: group), for: topics, timeout: timeout)
    }
}
