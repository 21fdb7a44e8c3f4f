// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

extension KafkaAdminClient {
    /// Looks up offsets of partitions at their leaders.
    ///
    /// ```swift
    /// let results = await admin.listOffsets([
    ///     TopicPartition("orders", 0): .latest, TopicPartition("orders", 1): .age(.seconds(3600)),
    /// ])
    /// ```
    ///
    /// - Parameters:
    ///   - partitions: What is looked up in each partition.
    ///   - isolationLevel: Whether records of open transactions count. With `.readCommitted`, the log ends at the oldest open
    ///     transaction. Default: `.readUncommitted`.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each partition. The value is nil if no record matches, or nothing is in remote storage. It is
    ///   `.unsupportedVersion` for something that the broker doesn't know yet, and `.invalidArgument` for a timestamp before
    ///   1970. A partition that doesn't exist is waited for until the timeout.
    public func listOffsets(
        _ partitions: [TopicPartition: OffsetSpec], isolationLevel: IsolationLevel = .readUncommitted,
        timeout: Duration? = nil
    ) async -> [TopicPartition: Result<ListedOffset?, KafkaError>] {
        var targets: [TopicPartition: OffsetTarget] = [:]
        var results: [TopicPartition: Result<ListedOffset?, KafkaError>] = [:]
        for (partition, spec) in partitions {
            // In the protocol, negative numbers stand for the places in the log.
            if case .timestamp(let time) = spec, time.millisecondsSince1970 < 0 {
                results[partition] = .failure(
                    KafkaError(
                        .invalidArgument, "A timestamp must not be before 1970; it is \(time).", topic: partition.topic,
                        partition: partition.partition))
            } else {
                targets[partition] = spec.target
            }
        }
        return results.merging(
            await self.list(targets, isolationLevel, deadline: self.deadline(timeout), timeout: timeout)
        ) { $1 }
    }

    func list(
        _ targets: [TopicPartition: OffsetTarget], _ isolationLevel: IsolationLevel, deadline: MonotonicTime,
        timeout: Duration?
    ) async -> [TopicPartition: Result<ListedOffset?, KafkaError>] {
        let call = ListOffsetsCall(
            targets: targets, isolationLevel: isolationLevel, now: self.cluster.loop.clock.coarseWallMilliseconds,
            timeout: self.brokerTimeout(timeout))
        return await self.cluster.perform(call, for: Array(targets.keys), deadline: deadline)
    }
}
