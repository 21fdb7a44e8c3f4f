// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

extension RecordAccumulator {
    /// The memory that no record has.
    var freeMemory: Int { self.buffer.free }

    /// Takes memory for a batch: `atBest` if there is so much, at least `least`.
    mutating func takeMemory(
        for batch: ProducerBatch, of partition: PartitionState, least: Int, atBest: Int, isOffered: Bool
    ) -> Bool {
        guard
            self.buffer.take(
                for: batch, of: partition, least: least, wanted: max(least, atBest), isOffered: isOffered)
        else { return false }
        batch.limit = min(batch.reserved, max(partition.topic.batchSize.current, least))
        return true
    }

    /// Gives back the memory of a batch that has ended.
    mutating func releaseMemory(of batch: ProducerBatch, _ partition: PartitionState, _ actions: inout [Action]) {
        self.buffer.release(batch, of: partition)
        actions.append(.freeRecords(batch))
        self.offerRoom(&actions)
    }

    /// The memory of a batch goes to those that replace it. It may be a little more than there was.
    mutating func moveMemory(from batch: ProducerBatch, to parts: [ProducerBatch], of partition: PartitionState) {
        self.buffer.release(batch, of: partition)
        for part in parts { self.buffer.account(for: part, of: partition) }
    }

    /// There is no room: open batches are sent without linger, since only batches that end make some.
    mutating func full(
        _ partition: PartitionState, _ shortage: RecordBuffer.Shortage, _ actions: inout [Action]
    ) -> Appended {
        if self.settings.isObserved, self.fullAt == nil {
            self.fullAt = self.buffer.changes
            actions.append(.reportBuffer(isFull: true, free: self.buffer.free))
        }
        let isShareUsedUp = !self.buffer.hasShare(partition.owner, for: shortage.bytes)
        self.makeOpenDue(&actions, of: isShareUsedUp ? partition.owner : nil)
        return .full(shortage, actions)
    }

    /// Lets a task wait for room: after the others, or before them if it was woken and found none.
    mutating func waitForRoom(_ promise: Promise<Void>, for shortage: RecordBuffer.Shortage, isFirst: Bool) {
        self.buffer.wait(promise, for: shortage, isFirst: isFirst)
    }

    /// A task gives up waiting for room: there may be enough for the next one.
    mutating func stopWaitingForRoom(_ promise: Promise<Void>) -> [Action] {
        var actions: [Action] = []
        self.buffer.stopWaiting(promise)
        self.offerRoom(&actions)
        return actions
    }

    /// Takes no more records. Returns the tasks that wait for room, which there will not be.
    mutating func close(_ error: KafkaError) -> [Promise<Void>] {
        if self.closed == nil { self.closed = error }
        self.freeBatch = nil
        self.lastTopic = nil
        return self.buffer.removeWaiters()
    }

    /// Wakes the first of the tasks that wait for room, if there is enough for it.
    mutating func offerRoom(_ actions: inout [Action]) {
        if let next = self.buffer.offer() { actions.append(.wake(next)) }
        if let fullAt = self.fullAt, fullAt != self.buffer.changes, !self.buffer.hasWaiters {
            self.fullAt = nil
            actions.append(.reportBuffer(isFull: false, free: self.buffer.free))
        }
    }

    /// Lets the next task try: the one before it found room, or has given up.
    mutating func offerRoomAgain() -> [Action] {
        var actions: [Action] = []
        self.buffer.takeOfferBack()
        self.offerRoom(&actions)
        return actions
    }

    /// Whose records fill the memory.
    var fullBufferDescription: String {
        let holders = self.buffer.holders.prefix(3)
        guard !holders.isEmpty else { return "" }
        let list = holders.map { holder in
            let whose =
                holder.broker == RecordBuffer.nobody ? "for partitions without a leader" : "for broker \(holder.broker)"
            return "records \(whose) take \(holder.bytes)"
        }
        return " Of its \(self.buffer.size) bytes, \(list.joined(separator: ", "))."
    }

    /// What went wrong last with the records that take the most.
    func fullBufferCause(now: MonotonicTime) -> String {
        guard let most = self.buffer.holders.first else { return "" }
        let partitions = self.topics.values.lazy.flatMap(\.partitions)
        let failing = partitions.first { $0.owner == most.broker && $0.failedAttempts.count > 0 }
        let cause = failing?.failedAttempts.summary(now: now)?.message
        return cause.map { " The last thing that went wrong with the former: \($0)" } ?? ""
    }
}
