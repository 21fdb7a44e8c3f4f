// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Chooses the partition of a record that names none.
///
/// It is called for each such record, by the task that sends it and outside of any lock, so it should be quick. What it
/// returns must be below `partitionCount`; anything else fails the record with `KafkaError.Code.invalidArgument`.
public protocol Partitioner: Sendable {
    /// The partition for `record`.
    ///
    /// - Parameters:
    ///   - record: The record, whose own `partition` is nil.
    ///   - partitionCount: How many partitions the topic has, numbered from 0.
    func partition(for record: ProducerRecord, partitionCount: Int) -> Int32
}

/// How a producer chooses the partitions of records that name none.
public struct PartitionSelection: Sendable {
    enum Kind: Sendable {
        case standard
        case roundRobin
        case custom(any Partitioner)
    }

    let kind: Kind

    /// What Kafka's own client does. Records with a key go where the key's hash (murmur2) says, so that equal keys share a
    /// partition; records without one fill a batch for one partition, then for another, and partitions whose broker
    /// is slow get fewer of them (KIP-480, KIP-794).
    public static let `default` = PartitionSelection(kind: .standard)

    /// Each record without a named partition goes to the next one in turn, keys or not. Makes small batches: use it only
    /// where an even spread of every few records matters.
    public static let roundRobin = PartitionSelection(kind: .roundRobin)

    /// A partitioner of your own, asked for every record that names no partition.
    public static func custom(_ partitioner: any Partitioner) -> PartitionSelection {
        PartitionSelection(kind: .custom(partitioner))
    }
}
