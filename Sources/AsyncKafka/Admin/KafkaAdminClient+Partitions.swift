// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension KafkaAdminClient {
    /// Adds partitions to topics. Partitions can't be removed.
    ///
    /// Records whose partition follows from their key go to other partitions afterwards.
    ///
    /// - Parameters:
    ///   - topics: The new number of partitions of each topic, by name.
    ///   - validateOnly: Whether the controller only checks that it could add the partitions. Default: false.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each topic, by name. It is `.unknownTopicOrPartition` for a topic that doesn't exist; the
    ///   `brokerCode` is `.invalidPartitions` if the topic has this many partitions already, or more. If `isOutcomeUnknown` is
    ///   true, the partitions may have been added.
    public func createPartitions(
        _ topics: [String: NewPartitions], validateOnly: Bool = false, timeout: Duration? = nil
    ) async -> [String: Result<Void, KafkaError>] {
        let call = CreatePartitionsCall(
            topics: topics, validateOnly: validateOnly, timeout: self.brokerTimeout(timeout))
        return await self.perform(call, for: topics.keys, timeout: timeout)
    }

    /// Deletes the oldest records of partitions (KIP-107). The offsets of the other records stay the same.
    ///
    /// - Parameters:
    ///   - partitions: What to delete of each partition.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: The partition's first offset afterwards, or an error, for each partition. The error is `.offsetOutOfRange`
    ///   for an offset beyond the high watermark, and the `brokerCode` is `.policyViolation` for a topic that is only
    ///   compacted. A partition that doesn't exist is waited for until the timeout. If `isOutcomeUnknown` is true, the records may
    ///   have been deleted.
    public func deleteRecords(
        _ partitions: [TopicPartition: RecordsToDelete], timeout: Duration? = nil
    ) async -> [TopicPartition: Result<Int64, KafkaError>] {
        var valid = partitions
        var results: [TopicPartition: Result<Int64, KafkaError>] = [:]
        for (partition, records) in partitions {
            // In the protocol -1 stands for all records, so it must not be sent by accident.
            guard case .before(let offset) = records, offset < 0 else { continue }
            valid[partition] = nil
            results[partition] = .failure(
                KafkaError(
                    .invalidArgument, "An offset isn't negative; it is \(offset).", topic: partition.topic,
                    partition: partition.partition))
        }
        let call = DeleteRecordsCall(partitions: valid, timeout: self.brokerTimeout(timeout))
        return results.merging(await self.perform(call, for: valid.keys, timeout: timeout)) { $1 }
    }
}
