// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The pending delivery of a record, as `enqueue` returns it.
///
/// A `Delivery` may be dropped: the record is delivered anyway, and `flush` and closing report it if that fails.
public struct Delivery: Sendable {
    let batch: ProducerBatch
    let index: Int32
    let timestamp: Int64

    /// The partition that was selected for the record.
    public var topicPartition: TopicPartition { self.batch.topicPartition }

    /// The place where the record was stored. Waits until the record is acknowledged or has failed.
    ///
    /// It can be read repeatedly and by several tasks. Cancelling a task only ends its wait. The record is still
    /// delivered.
    ///
    /// - Throws: The reason why the record was not delivered: `.deliveryTimedOut` after
    ///   ``ProducerConfiguration/deliveryTimeout``, `.brokerError`, `.recordTooLarge` or `.authorizationFailed` if the
    ///   broker rejected it, `.closed` if the producer was closed first, the connection's error, or the producer's
    ///   fatal error (`isFatal`). If `isOutcomeUnknown` is false, the record is definitely not stored. If it is true,
    ///   the record was sent and not acknowledged, so it may be stored. `.cancelled` if the task is cancelled.
    public var metadata: RecordMetadata {
        get async throws(KafkaError) {
            var batch = self.batch
            var index = self.index
            while true {
                switch try await batch.outcome.wait(for: .record) {
                case .stored(let baseOffset, let logAppendTime):
                    return RecordMetadata(
                        topicPartition: batch.topicPartition, offset: baseOffset.map { $0 + Int64(index) },
                        timestamp: Timestamp(millisecondsSince1970: logAppendTime ?? self.timestamp))
                case .failed(let error):
                    throw error
                case .recordsRefused(let errors, let others):
                    throw errors[index] ?? others
                case .split(let parts):
                    var rest = parts[...]
                    while let part = rest.first, index >= part.count, rest.count > 1 {
                        index -= part.count
                        rest = rest.dropFirst()
                    }
                    guard let part = rest.first else {
                        throw KafkaError(.protocolError, "A batch was split into none.")
                    }
                    batch = part.batch
                }
            }
        }
    }
}
