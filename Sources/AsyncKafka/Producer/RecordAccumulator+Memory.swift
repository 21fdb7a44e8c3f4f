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
    /// The memory that no record uses.
    var freeMemory: Int { self.buffer.free }

    /// Takes memory for a batch: `atBest` if that much is available, but at least `least`.
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

    /// Returns the memory of a batch that has ended.
    mutating func releaseMemory(of batch: ProducerBatch, _ partition: PartitionState, _ actions: inout [Action]) {
        self.buffer.release(batch, of: partition)
        actions.append(.freeRecords(batch))
        self.offerRoom(&actions)
    }

    /// Moves the memory of a batch to its parts, which may need slightly more.
    mutating func moveMemory(from batch: ProducerBatch, to parts: [ProducerBatch], of partition: PartitionState) {
        self.buffer.release(batch, of: partition)
        for part in parts { self.buffer.account(for: part, of: partition) }
    }

    /// There is no room. Open batches are sent without linger, because memory becomes free only when batches end.
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

    /// Adds a task to those that wait for room: at the end, or at the front if it was woken without finding room.
    mutating func waitForRoom(_ promise: Promise<Void>, for shortage: RecordBuffer.Shortage, isFirst: Bool) {
        self.buffer.wait(promise, for: shortage, isFirst: isFirst)
    }

    /// A task stops waiting for room, so there may be enough for the next one.
    mutating func stopWaitingForRoom(_ promise: Promise<Void>) -> [Action] {
        var actions: [Action] = []
        self.buffer.stopWaiting(promise)
        self.offerRoom(&actions)
        return actions
    }

    /// Closes the accumulator for new records. Returns the tasks that wait for room, so that the caller can fail them.
    mutating func close(_ error: KafkaError) -> [Promise<Void>] {
        if self.closed == nil { self.closed = error }
        self.freeBatch = nil
        self.lastTopic = nil
        return self.buffer.removeWaiters()
    }

    /// Wakes the first task that waits for room, if there is enough for it.
    mutating func offerRoom(_ actions: inout [Action]) {
        if let next = self.buffer.offer() { actions.append(.wake(next)) }
        if let fullAt = self.fullAt, fullAt != self.buffer.changes, !self.buffer.hasWaiters {
            self.fullAt = nil
            actions.append(.reportBuffer(isFull: false, free: self.buffer.free))
        }
    }

    /// Lets the next task try, because the previous one found room or gave up.
    mutating func offerRoomAgain() -> [Action] {
        var actions: [Action] = []
        self.buffer.takeOfferBack()
        self.offerRoom(&actions)
        return actions
    }

    /// A text about the brokers whose records use the most memory.
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

    /// A text about the last failure of the records that use the most memory.
    func fullBufferCause(now: MonotonicTime) -> String {
        guard let most = self.buffer.holders.first else { return "" }
        let partitions = self.topics.values.lazy.flatMap(\.partitions)
        let failing = partitions.first { $0.owner == most.broker && $0.failedAttempts.count > 0 }
        let cause = failing?.failedAttempts.summary(now: now)?.message
        return cause.map { " The last thing that went wrong with the former: \($0)" } ?? ""
    }
}
