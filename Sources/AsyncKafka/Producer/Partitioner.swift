// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Selects the partition of a record that doesn't specify one.
///
/// The task that sends the record calls the partitioner for each such record, outside of any lock, so it should be
/// fast. The result must be at least 0 and less than `partitionCount`. Otherwise the record fails with
/// ``KafkaError/Code/invalidArgument``.
public protocol Partitioner: Sendable {
    /// Returns the partition for `record`.
    ///
    /// - Parameters:
    ///   - record: The record, whose own `partition` is nil.
    ///   - partitionCount: The number of partitions of the topic. They are numbered from 0.
    func partition(for record: ProducerRecord, partitionCount: Int) -> Int32
}

/// How a producer selects the partitions of records that don't specify one.
public struct PartitionSelection: Sendable {
    enum Kind: Sendable {
        case standard
        case roundRobin
        case custom(any Partitioner)
    }

    let kind: Kind

    /// The rules of Kafka's own client. For records with a key, the hash of the key (murmur2) selects the partition, so
    /// that equal keys share a partition. Records without a key fill a batch for one partition, then for another, and
    /// partitions with slow brokers get fewer of them (KIP-480, KIP-794).
    public static let `default` = PartitionSelection(kind: .standard)

    /// Each record that doesn't specify a partition goes to the next partition in turn, with or without a key. This
    /// makes batches small, so use it only if the records must be spread evenly over short periods.
    public static let roundRobin = PartitionSelection(kind: .roundRobin)

    /// A custom partitioner, which is called for every record that doesn't specify a partition.
    public static func custom(_ partitioner: any Partitioner) -> PartitionSelection {
        PartitionSelection(kind: .custom(partitioner))
    }
}
