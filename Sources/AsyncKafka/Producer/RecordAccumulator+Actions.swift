// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

extension RecordAccumulator {
    /// What is to be done once the lock is released, in the order in which it was decided.
    enum Action {
        /// Something can be sent to a broker. One thread at a time has this, until `nextStep` has nothing more for it.
        case send(to: Int32)
        case end(ProducerBatch, BatchResult)
        /// Nobody needs the batch's records any more.
        case freeRecords(ProducerBatch)
        /// `replace` takes what becomes of it.
        case split(Splitting)
        /// There may be room for the task that waits for this.
        case wake(Promise<Void>)
        /// The partition tries again after the pause that follows so many failures.
        case backOff(PartitionState, failures: Int, count: Int)
        case setLingerTimer(MonotonicTime)
        case setExpiryTimer(MonotonicTime)
        case getIdentity
        case updateMetadata
        /// Records are on their way to a topic. Metadata forgets those of which it isn't told for long.
        case noteUse(ofTopic: String)
        case reportUnreachable(broker: Int32, count: Int, KafkaError)
        case reportReachable(broker: Int32)
        /// A topic was found to take less than the configured batch size; its next batches have this one.
        case reportSmallerBatches(topic: String, size: Int)
        case reportBuffer(isFull: Bool, free: Int)
    }

    /// A batch that is taken out to be replaced by smaller ones. Its partition sends nothing meanwhile.
    struct Splitting {
        let partition: PartitionState
        let id: UInt64
        let batch: ProducerBatch
        /// The size that its topic takes.
        let size: Int

        init(partition: PartitionState, id: UInt64, batch: ProducerBatch) {
            self.partition = partition
            self.id = id
            self.batch = batch
            self.size = partition.topic.batchSize.current
        }
    }

    /// Asks for the leaders of a topic, once for all of its partitions.
    func needMetadata(of topic: TopicState, _ actions: inout [Action]) {
        let isAsked = actions.contains { if case .noteUse(topic.name) = $0 { true } else { false } }
        if !isAsked { actions += [.noteUse(ofTopic: topic.name), .updateMetadata] }
    }
}
