// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A record's way to the broker: what `enqueue` gives, to be asked if and when it matters how it ended.
///
/// It can be dropped: the record is delivered all the same, and `flush` or closing tells if it was not.
public struct Delivery: Sendable {
    let batch: ProducerBatch
    let index: Int32
    let timestamp: Int64

    /// The partition that was chosen for the record.
    public var topicPartition: TopicPartition { self.batch.topicPartition }

    /// Waits for the record's end, and tells where it was stored. It can be asked again, and by several tasks.
    ///
    /// Cancelling the task ends the waiting with `KafkaError.Code.cancelled`; the record stays on its way.
    ///
    /// Throws why the record was not delivered. `isOutcomeUnknown` is false if it is certainly not stored, and true if it
    /// may be: it was sent, and no answer came in time.
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
