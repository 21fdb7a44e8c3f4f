// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// How much `KafkaTransactionalProducer.process` takes into one transaction.
///
/// ```swift
/// try await producer.process(consumer, every: .seconds(1).or(.records(10_000))) { batch, transaction in … }
/// ```
///
/// More per transaction costs less, and delays the records for those who read committed. Batches of records are taken as a whole, so
/// that a transaction may exceed the number by one batch.
public struct TransactionInterval: Hashable, Sendable {
    private var maximumRecords: Int?
    private var maximumBytes: Int?
    private(set) var duration: Duration?

    /// A transaction for each batch.
    public static let batch = TransactionInterval(maximumRecords: 1)

    /// A transaction for at least this number of records, if they are available without waiting.
    public static func records(_ count: Int) -> TransactionInterval {
        TransactionInterval(maximumRecords: max(1, count))
    }

    /// A transaction for records of at least this size in bytes, as they are stored and decompressed, if they are available without
    /// waiting.
    public static func bytes(_ count: Int) -> TransactionInterval { TransactionInterval(maximumBytes: max(1, count)) }

    /// A transaction for what arrives within this time. It must be well below the producer's `transactionTimeout`.
    public static func duration(_ duration: Duration) -> TransactionInterval {
        TransactionInterval(duration: max(.zero, duration))
    }

    /// A transaction for what arrives within this number of seconds.
    public static func seconds(_ seconds: Int64) -> TransactionInterval { .duration(.seconds(seconds)) }

    /// A transaction for what arrives within this number of milliseconds.
    public static func milliseconds(_ milliseconds: Int64) -> TransactionInterval {
        .duration(.milliseconds(milliseconds))
    }

    /// The interval that ends when the first of both ends.
    public func or(_ other: TransactionInterval) -> TransactionInterval {
        func least<Value: Comparable>(_ own: Value?, _ other: Value?) -> Value? {
            guard let own, let other else { return own ?? other }
            return min(own, other)
        }
        return TransactionInterval(
            maximumRecords: least(self.maximumRecords, other.maximumRecords),
            maximumBytes: least(self.maximumBytes, other.maximumBytes),
            duration: least(self.duration, other.duration))
    }

    private init(maximumRecords: Int? = nil, maximumBytes: Int? = nil, duration: Duration? = nil) {
        self.maximumRecords = maximumRecords
        self.maximumBytes = maximumBytes
        self.duration = duration
    }

    /// Whether a transaction with this content is full.
    func isReached(records: Int, bytes: Int) -> Bool {
        if let maximumRecords, records >= maximumRecords { return true }
        if let maximumBytes, bytes >= maximumBytes { return true }
        return false
    }
}
