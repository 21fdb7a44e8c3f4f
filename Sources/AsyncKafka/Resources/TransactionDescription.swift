// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The state of a transactional id at its coordinator.
public struct TransactionState: RawRepresentable, Hashable, Sendable {
    /// Kafka's name of the state, such as `PrepareCommit`.
    public var rawValue: String

    /// Creates the state with this name.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// There is no transaction yet.
    public static let empty = TransactionState(rawValue: "Empty")
    /// A transaction is open.
    public static let ongoing = TransactionState(rawValue: "Ongoing")
    /// A transaction is being committed.
    public static let prepareCommit = TransactionState(rawValue: "PrepareCommit")
    /// A transaction is being aborted.
    public static let prepareAbort = TransactionState(rawValue: "PrepareAbort")
    /// The last transaction was committed.
    public static let completeCommit = TransactionState(rawValue: "CompleteCommit")
    /// The last transaction was aborted.
    public static let completeAbort = TransactionState(rawValue: "CompleteAbort")
    /// The transaction of a producer that didn't end it in time is about to be aborted.
    public static let prepareEpochFence = TransactionState(rawValue: "PrepareEpochFence")
    /// The transactional id has expired and is being removed.
    public static let dead = TransactionState(rawValue: "Dead")
}

extension TransactionState: CustomStringConvertible {
    /// Kafka's name of the state.
    public var description: String { self.rawValue }
}

/// A transactional id in the list of all.
public struct TransactionListing: Hashable, Sendable {
    /// The transactional id.
    public var transactionalID: String
    /// The id of the producer that has the transactional id.
    public var producerID: Int64
    /// The state.
    public var state: TransactionState
    /// The broker that coordinates the transactional id.
    public var coordinator: Int32
}

extension TransactionListing: CustomStringConvertible {
    /// The transactional id and its state, such as `till-7 (Ongoing, producer 1000, coordinator 1)`.
    public var description: String {
        "\(self.transactionalID) (\(self.state), producer \(self.producerID), coordinator \(self.coordinator))"
            .printable
    }
}

/// A transactional id with its last or open transaction.
public struct TransactionDescription: Hashable, Sendable {
    /// The transactional id.
    public var transactionalID: String
    /// The state.
    public var state: TransactionState
    /// The broker that coordinates the transactional id.
    public var coordinator: Broker
    /// The id of the producer that has the transactional id.
    public var producerID: Int64
    /// The producer's epoch.
    public var producerEpoch: Int16
    /// The time after which the coordinator aborts a transaction that the producer doesn't end.
    public var timeout: Duration
    /// When the transaction began. Nil if none is open.
    public var startedAt: Timestamp?
    /// The partitions of the open transaction, by topic and number.
    public var partitions: [TopicPartition]
}

extension TransactionDescription: CustomStringConvertible {
    /// The transactional id and its state on one line.
    public var description: String {
        var parts = [
            "\(self.state)", "producer \(self.producerID)", "epoch \(self.producerEpoch)", "timeout \(self.timeout)",
            "coordinator \(self.coordinator)",
        ]
        if let startedAt { parts.append("started at \(startedAt)") }
        if !self.partitions.isEmpty { parts.append("partitions \(self.partitions.names)") }
        return "\(self.transactionalID): \(parts.joined(separator: ", "))".printable
    }
}

/// The identity with which the next producer of a transactional id continues after all earlier ones are fenced.
public struct FencedProducer: Hashable, Sendable {
    /// The producer's id.
    public var producerID: Int64
    /// The new epoch. Producers with earlier ones are refused.
    public var producerEpoch: Int16
}

extension FencedProducer: CustomStringConvertible {
    /// The producer's id and epoch, such as `producer 1000, epoch 3`.
    public var description: String { "producer \(self.producerID), epoch \(self.producerEpoch)" }
}
