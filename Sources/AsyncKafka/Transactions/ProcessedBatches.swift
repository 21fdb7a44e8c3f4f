// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The batches of a transaction that `KafkaTransactionalProducer.process` fills. Pure.
struct ProcessedBatches {
    /// Where the first batch of each partition begins, to which an abort goes back.
    private(set) var starts: [TopicPartition: Int64] = [:]
    /// The offsets after the processed batches.
    private(set) var ends: [TopicPartition: OffsetAndMetadata] = [:]
    private(set) var records = 0
    private(set) var bytes = 0

    /// Notes that a batch is being processed.
    mutating func begin(_ batch: ConsumerRecordBatch) {
        if self.starts[batch.topicPartition] == nil { self.starts[batch.topicPartition] = batch.offsets.lowerBound }
        self.records += batch.count
        self.bytes += batch.storage.records.bytes.count
    }

    /// Notes that a batch has been processed.
    mutating func end(_ batch: ConsumerRecordBatch) { self.ends[batch.topicPartition] = batch.nextOffset }
}
