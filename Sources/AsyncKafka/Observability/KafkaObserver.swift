// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Receives the events of a client, for metrics, traces and statistics.
///
/// Set ``KafkaClientConfiguration/observer``. Without an observer no event is created.
///
/// ```swift
/// struct RequestTimes: KafkaObserver {
///     func observe(_ event: KafkaEvent) {
///         if case .requestAnswered(let answer) = event { histogram.record(answer.duration, "\(answer.api)") }
///     }
/// }
/// ```
public protocol KafkaObserver: Sendable {
    /// Receives an event. The client calls it where the event happens, on its own threads and on those of its callers,
    /// possibly concurrently. It must return quickly and must not block.
    func observe(_ event: KafkaEvent)
}

/// An event inside a client.
///
/// Cases will be added, so a `switch` needs `@unknown default`.
@nonexhaustive
public enum KafkaEvent: Sendable {
    /// A connection was opened, including encryption and authentication.
    case connected(Connected)
    /// An open connection ended.
    case disconnected(Disconnected)
    /// A connection could not be opened.
    case connectionFailed(ConnectionFailed)
    /// A connection was authenticated again before its session ended (KIP-368).
    case reauthenticated(Reauthenticated)

    /// A request was written.
    case requestSent(RequestSent)
    /// A broker answered a request.
    case requestAnswered(RequestAnswered)
    /// A request ended without an answer, after it was sent or while it waited to be sent.
    case requestFailed(RequestFailed)
    /// A broker requested a pause because of a quota (KIP-219).
    case throttled(Throttled)

    /// A producer sent a batch of records, for the first time or again.
    case batchSent(BatchSent)
    /// A producer's batch was stored. With `acks` 0: the system has accepted its bytes.
    case batchAcknowledged(BatchAcknowledged)
    /// A producer gave up a batch.
    case batchFailed(BatchFailed)
    /// A producer's buffer (`bufferMemory`) has no room for a record.
    case bufferFull(BufferFull)
    /// A producer's buffer has room again.
    case bufferFree(BufferFree)

    /// A transactional producer has committed a transaction.
    case transactionCommitted(TransactionCommitted)
    /// A transactional producer has aborted a transaction, or does not know whether it is committed.
    case transactionAborted(TransactionAborted)

    /// A broker answered a Fetch. Raised for each partition in the answer.
    case partitionFetched(PartitionFetched)
    /// A consumer gave a batch to the application.
    case batchDelivered(BatchDelivered)
    /// A step of a rebalance ended: partitions were revoked, assigned or lost.
    case rebalanced(Rebalanced)
    /// A consumer committed offsets.
    case offsetsCommitted(OffsetsCommitted)
    /// A consumer's commit failed.
    case commitFailed(CommitFailed)
}

/// Passes events to a client's observer. An event is created only if there is one.
struct Events: Sendable {
    let observer: (any KafkaObserver)?

    @inline(__always)
    func callAsFunction(_ event: @autoclosure () -> KafkaEvent) {
        if let observer = self.observer { observer.observe(event()) }
    }
}
