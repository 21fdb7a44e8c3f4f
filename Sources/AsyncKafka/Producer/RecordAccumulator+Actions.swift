// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

extension RecordAccumulator {
    /// What the sender does once the lock is released. Sending comes last, since it takes long.
    enum Action {
        /// Sends to a broker, unless another thread does.
        case send(to: Int32)
        case end(ProducerBatch, BatchResult)
        /// Frees the memory of a batch that has ended and is not in use.
        case freeRecords(ProducerBatch)
        /// Splits a batch, and passes the parts to `replace`.
        case split(Splitting)
        /// Wakes a task that waits for room in the buffer.
        case wake(Promise<Void>)
        /// Fails a task that waits for room in the buffer.
        case refuse(Promise<Void>, KafkaError)
        /// Calls `endBackoff` after the backoff that follows this many failures.
        case backOff(PartitionState, failures: Int, count: Int, isForTransaction: Bool)
        case setLingerTimer(MonotonicTime)
        case setExpiryTimer(MonotonicTime)
        case getIdentity
        /// Lets the next request about the transaction be sent, and wakes the tasks that wait for its results.
        case transact
        case updateMetadata
        /// Requests the leaders of a topic.
        case findLeaders(ofTopic: String)
        /// Tells the metadata that a topic is in use, because unused topics are forgotten.
        case noteUse(ofTopic: String)
        case reportUnreachable(broker: Int32, count: Int, KafkaError)
        case reportReachable(broker: Int32)
        /// A topic rejects batches of the configured size; its next batches have this size.
        case reportSmallerBatches(topic: String, size: Int)
        case reportBuffer(isFull: Bool, free: Int)
    }

    /// A batch that is being split. Its partition sends nothing until the parts have replaced it.
    struct Splitting {
        let partition: PartitionState
        let id: UInt64
        let batch: ProducerBatch
        /// The batch size that the topic accepts.
        let size: Int

        init(partition: PartitionState, id: UInt64, batch: ProducerBatch) {
            self.partition = partition
            self.id = id
            self.batch = batch
            self.size = partition.topic.batchSize.current
        }
    }

    /// Requests the leaders of a topic. Each partition adds this action, and the sender performs it once.
    func needMetadata(of topic: TopicState, _ actions: inout [Action]) {
        actions.append(.findLeaders(ofTopic: topic.name))
    }
}
