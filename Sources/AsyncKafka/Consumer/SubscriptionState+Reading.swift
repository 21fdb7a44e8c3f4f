// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// A batch that is being handed to the reader: it has left the buffer and isn't in hand yet.
struct TakenBatch: Sendable {
    let partition: TopicPartition
    let fetched: FetchedBatch
    /// The first offset that the reader has not received. It may be inside the batch.
    let start: FetchPosition
    let incarnation: Int
    let topicID: KafkaUUID

    var batch: RecordBatch { self.fetched.batch }
}

extension SubscriptionState {
    enum Taken: Sendable {
        case batch(TakenBatch)
        case failure(KafkaError)
        case nothing
    }

    /// The number of bytes after which it is the next partition's turn.
    private static let bytesPerTurn = 64 << 10

    /// Notes that the reader asks for more, so that it has processed everything it received.
    mutating func readerAsked() -> KafkaError? {
        var failure: KafkaError?
        if let inHand = self.inHand {
            failure = self.putBackRest(of: inHand)
            self.inHand = nil
        }
        for partition in self.handedOut { self.partitions[partition]?.settle() }
        self.handedOut.removeAll(keepingCapacity: true)
        return failure
    }

    /// Takes back the rest of the reader's batch.
    private mutating func putBackRest(of inHand: BatchInHand) -> KafkaError? {
        inHand.progress?.interrupt()
        let isDamaged = inHand.storage.failureOffset != nil
        guard inHand.isUnfinished, var assigned = self.partitions[inHand.partition] else { return nil }
        defer { self.partitions[inHand.partition] = assigned }
        assigned.position = inHand.handedOut
        assigned.unseenFrom = assigned.position.offset
        if isDamaged {
            self.bufferedBytes -= assigned.beginAgain()
            return KafkaError(
                RecordBatchError(
                    .malformed("a record's lengths contradict each other"), baseOffset: inHand.batch.baseOffset),
                inHand.partition, nextOffset: inHand.batch.nextOffset)
        }
        self.enqueue(inHand.partition)
        assigned.putBack = inHand.fetched
        return nil
    }

    /// Returns the next batch for the reader. The partitions take turns.
    mutating func take() -> (Taken, Wakening) {
        if let failure = self.takeFailure() { return (.failure(failure), [.positions, .fetchers]) }
        var wakening: Wakening = []
        var passedOver = 0
        while passedOver < self.turns.count, let partition = self.turns.first {
            guard let index = self.partitions.index(forKey: partition), self.partitions.values[index].isBuffered else {
                self.endTurn(keepsOrder: false)
                continue
            }
            guard self.partitions.values[index].isReadable else {
                self.endTurn(keepsOrder: true)
                passedOver += 1
                continue
            }
            // Modified in place, because a copy of the partition would copy its buffer.
            let before = self.partitions.values[index].bufferedBytes
            let taken = Self.take(from: &self.partitions.values[index], partition, self.settings)
            if case .batch = taken { self.partitions.values[index].isTaken = true }
            let after = self.partitions.values[index].bufferedBytes
            let isEmpty = !self.partitions.values[index].isBuffered
            let mark = self.partitions.values[index].lowWaterMark
            self.bufferedBytes -= before - after
            if isEmpty || before >= mark && after < mark { wakening.insert(.fetchers) }
            self.takenInTurn += before - after
            if isEmpty {
                self.endTurn(keepsOrder: false)
            } else if self.takenInTurn >= Self.bytesPerTurn {
                self.endTurn(keepsOrder: true)
            }
            if case .nothing = taken { continue }
            return (taken, wakening.union(self.roomFreed()))
        }
        return (.nothing, wakening.union(self.roomFreed()))
    }

    /// Wakes the fetchers that found no room, if there is some now.
    private mutating func roomFreed() -> Wakening {
        guard self.isRoomWanted, self.room > 0 else { return [] }
        self.isRoomWanted = false
        return [.fetchers]
    }

    /// Removes and returns the error of a partition.
    private mutating func takeFailure() -> KafkaError? {
        guard let failed = self.partitions.first(where: { $0.value.failure != nil && !$0.value.isLeaving }) else {
            return nil
        }
        self.partitions[failed.key]?.failure = nil
        return failed.value.failure
    }

    /// Returns the next batch of a partition that has records to deliver.
    private static func take(
        from assigned: inout AssignedPartition, _ partition: TopicPartition, _ settings: Settings
    ) -> Taken {
        if let fetched = assigned.putBack {
            assigned.putBack = nil
            return self.taken(fetched, assigned, partition)
        }
        while var chunk = assigned.chunks.popFirst() {
            while let batch = chunk.popFirst() {
                assigned.bufferedBytes -= batch.bytes.count
                do throws(RecordBatchError) {
                    let isHidden = try chunk.hides(
                        batch, isolation: settings.isolationLevel, checkingCRC: settings.checkCRCs)
                    if isHidden || batch.count == 0 || batch.lastOffset < assigned.position.offset {
                        assigned.pass(batch)
                        continue
                    }
                } catch {
                    return self.damaged(&assigned, partition, error, nextOffset: batch.nextOffset)
                }
                if chunk.first != nil || chunk.failure != nil { assigned.chunks.prepend(chunk) }
                return self.taken(FetchedBatch(batch: batch, answer: chunk.answer), assigned, partition)
            }
            if let failure = chunk.failure { return self.damaged(&assigned, partition, failure) }
        }
        return .nothing
    }

    private static func taken(
        _ fetched: FetchedBatch, _ assigned: AssignedPartition, _ partition: TopicPartition
    ) -> Taken {
        .batch(
            TakenBatch(
                partition: partition, fetched: fetched, start: assigned.position, incarnation: assigned.incarnation,
                topicID: assigned.topicID))
    }

    /// Handles a batch that can't be parsed. The position stays before it, because the user decides whether to skip it.
    private static func damaged(
        _ assigned: inout AssignedPartition, _ partition: TopicPartition, _ error: RecordBatchError,
        nextOffset: Int64? = nil
    ) -> Taken {
        _ = assigned.beginAgain()
        return .failure(KafkaError(error, partition, nextOffset: nextOffset))
    }

    /// Drops a batch that turned out to be damaged.
    mutating func refuse(_ taken: TakenBatch) {
        guard var assigned = self.partitions[taken.partition], assigned.incarnation == taken.incarnation else { return }
        self.bufferedBytes -= assigned.beginAgain()
        self.partitions[taken.partition] = assigned
    }

    /// Moves the position past a batch that turned out to have no records to deliver.
    mutating func pass(_ taken: TakenBatch) {
        guard self.partitions[taken.partition]?.incarnation == taken.incarnation else { return }
        self.partitions[taken.partition]?.isTaken = false
        self.partitions[taken.partition]?.pass(taken.batch)
    }

    /// Puts a batch back for later.
    mutating func putBack(_ taken: TakenBatch) {
        guard self.partitions[taken.partition]?.incarnation == taken.incarnation else { return }
        self.partitions[taken.partition]?.isTaken = false
        self.partitions[taken.partition]?.putBack = taken.fetched
        self.enqueue(taken.partition)
    }

    /// Hands a batch to the reader, unless its partition was moved, paused or removed meanwhile.
    mutating func handOut(_ taken: TakenBatch, progress: ReadingProgress?, storage: RecordBatchStorage) -> Bool {
        guard let index = self.partitions.index(forKey: taken.partition),
            self.partitions.values[index].incarnation == taken.incarnation
        else { return false }
        guard self.partitions.values[index].isReadable else {
            self.putBack(taken)
            return false
        }
        self.partitions.values[index].isTaken = false
        self.partitions.values[index].position = taken.batch.end
        self.partitions.values[index].unseenFrom = taken.batch.nextOffset
        if self.partitions.values[index].askedPast == nil { self.partitions.values[index].askedPast = taken.start }
        if self.handedOut.last != taken.partition { self.handedOut.append(taken.partition) }
        self.inHand = BatchInHand(
            partition: taken.partition, fetched: taken.fetched, start: taken.start, progress: progress, storage: storage
        )
        return true
    }
}

extension AssignedPartition {
    /// Notes that the reader has processed everything delivered.
    mutating func settle() {
        self.askedPast = self.position
    }

    /// Moves the position past a batch that is not delivered.
    mutating func pass(_ batch: RecordBatch) {
        guard batch.nextOffset > self.position.offset else { return }
        let isSettled = self.askedPast == self.position
        self.position = batch.end
        if isSettled { self.askedPast = self.position }
    }
}

extension KafkaError {
    /// Creates the error of a batch that can't be read. `nextOffset` is the offset of the next batch, according to the
    /// header.
    init(_ error: RecordBatchError, _ partition: TopicPartition, nextOffset: Int64? = nil) {
        var code = Code.corruptRecord
        if case .compression(.unavailable) = error.reason { code = .compressionUnavailable }
        let place = nextOffset.map { "to \($0), where the next one should begin," } ?? "behind it"
        self.init(
            code,
            "A record batch can't be read: \(error). The position stays before it; seek \(place) to pass over it.",
            topic: partition.topic, partition: partition.partition, underlyingError: error)
    }
}
