// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Synchronization

@testable import AsyncKafka

/// A consumer's state, its reader, and a model of the brokers.
struct ReadingSimulation {
    /// The percentage of steps or answers with each fault.
    struct Chances: Sendable {
        var lost = 0
        var refused = 0
        var moves = 0
        var late = 20
        var seeks = 0
        var rebalances = 0
        var pauses = 0
    }

    private struct Fetch {
        var broker: Int32
        var partitions: [PlannedFetch]
        var maximumBytes: Int
    }

    private let chances: Chances
    private var random: SeededRandom
    private var state: SubscriptionState
    private var logs: [TopicPartition: SimulatedLog] = [:]
    private var leaders: [TopicPartition: (broker: Int32, epoch: Int32)] = [:]
    private var fetches: [Fetch] = []
    private var loops = SimulatedFetchLoops(brokers: [1, 2])
    private var lookups: [PositionLookup] = []
    private var now = MonotonicTime(nanoseconds: 0)
    private var isCalm = false

    /// The next offset to be delivered to the reader, before gaps.
    private var expected: [TopicPartition: Int64] = [:]
    /// The start of the records that the reader holds in an array, which count as processed when it asks again.
    private var collectedFrom: [TopicPartition: Int64] = [:]
    private var committed: [TopicPartition: Int64] = [:]
    private var all: [TopicPartition] { self.logs.keys.sorted() }
    /// The batch that a reader of single records is iterating over.
    private var reading: (partition: TopicPartition, iterator: ConsumerRecordBatch.Iterator, progress: ReadingProgress)?
    /// The first violated expectation.
    private(set) var problem: String?

    init(seed: UInt64, _ chances: Chances) throws {
        self.chances = chances
        self.random = SeededRandom(seed)
        var settings = SubscriptionState.Settings()
        settings.autoOffsetReset = .earliest
        settings.hasGroup = true
        settings.maximumPartitionBytes = 400
        settings.maximumPrefetchBytes = 1200
        self.state = SubscriptionState(settings)
        for index in Int32(0)..<3 {
            let partition = TopicPartition("t", index)
            self.leaders[partition] = (index % 2 + 1, 0)
            self.logs[partition] = try SimulatedLog(using: &self.random)
        }
        self.assign(self.all)
        self.tellMetadata()
    }

    private mutating func happens(_ percent: Int) -> Bool {
        !self.isCalm && Int.random(in: 0..<100, using: &self.random) < percent
    }

    private mutating func fail(_ what: String) {
        if self.problem == nil { self.problem = what }
    }

    // MARK: Steps

    mutating func step() throws {
        self.now = self.now + .milliseconds(20)
        if self.happens(self.chances.moves) { self.moveALeader() }
        if self.happens(self.chances.seeks) { try self.seek() }
        if self.happens(self.chances.pauses) { try self.pauseOrResume() }
        if self.happens(self.chances.rebalances) { self.rebalance() }
        if Int.random(in: 0..<4, using: &self.random) == 0 { self.checkCommits() }
        self.lookUp()
        self.fetch()
        self.answer()
        self.checkProgress()
        try self.read()
        self.checkMemory()
    }

    /// Ends all faults and reads everything to the end.
    mutating func finish() throws {
        self.isCalm = true
        if self.state.assignment != self.all { self.assign(self.all) }
        try self.state.setPaused(false, self.all)
        self.loops.wake([.fetchers])
        self.tellMetadata()
        for _ in 0..<2000 where self.problem == nil {
            try self.step()
            if self.all.allSatisfy({ self.expected[$0, default: 0] > self.logs[$0]?.offsets.last ?? -1 }) { return }
        }
        self.fail("not all is read: \(self.expected) of \(self.logs.mapValues(\.end))")
    }

    private mutating func moveALeader() {
        guard let partition = self.all.randomElement(using: &self.random), let old = self.leaders[partition] else {
            return
        }
        self.leaders[partition] = (3 - old.broker, old.epoch + 1)
        if Bool.random(using: &self.random) { self.tellMetadata() }
    }

    private mutating func tellMetadata() {
        let partitions = self.all.map { partition in
            PartitionMetadata(
                index: partition.partition, leader: self.leaders[partition]?.broker ?? 1,
                leaderEpoch: self.leaders[partition]?.epoch ?? 0)
        }
        self.loops.wake(
            self.state.metadataChanged(
                ClusterMetadata(
                    version: 1, clusterID: nil, controllerID: nil, brokers: [:],
                    topics: ["t": TopicMetadata(name: "t", partitions: partitions)])))
    }

    private mutating func seek() throws {
        guard let partition = self.state.assignment.randomElement(using: &self.random), let log = self.logs[partition]
        else { return }
        let offset = Int64.random(in: 0...log.end, using: &self.random)
        try self.state.seek(partition, to: FetchPosition(offset: offset))
        self.loops.wake([.fetchers])
        self.expected[partition] = offset
        self.collectedFrom[partition] = nil
    }

    private mutating func pauseOrResume() throws {
        guard let partition = self.state.assignment.randomElement(using: &self.random) else { return }
        try self.state.setPaused(Bool.random(using: &self.random), [partition])
        self.loops.wake([.fetchers])
    }

    /// Revokes some partitions after a commit of what the reader has, and assigns others.
    private mutating func rebalance() {
        let kept = self.all.filter { _ in Bool.random(using: &self.random) }
        let gone = self.state.assignment.filter { !kept.contains($0) }
        self.state.beginRevoking(gone)
        if Bool.random(using: &self.random) { self.commit(self.state.handedOutOffsets) }
        self.state.release(gone)
        for partition in gone {
            self.expected[partition] = nil
            self.collectedFrom[partition] = nil
        }
        self.assign(kept)
    }

    private mutating func assign(_ partitions: [TopicPartition]) {
        for partition in partitions where self.state.partitions[partition] == nil {
            self.expected[partition] = self.committed[partition] ?? 0
        }
        self.state.assign(partitions)
        self.loops.wake([.fetchers])
        // A consumer knows the leaders of its assigned partitions.
        self.tellMetadata()
    }

    // MARK: Commits

    private mutating func commit(_ offsets: [TopicPartition: OffsetAndMetadata]) {
        for (partition, offset) in offsets {
            self.committed[partition] = offset.offset
            self.collectedFrom[partition] = nil
        }
        self.state.committed(offsets, now: self.now)
    }

    private mutating func checkCommits() {
        if Bool.random(using: &self.random) { self.loops.wake(self.state.passUnseen()) }
        for (partition, offset) in self.state.carriedOnOffsets {
            let committed = self.state.partitions[partition]?.committed ?? 0
            if self.logs[partition]?.offsets.contains(where: { committed <= $0 && $0 < offset.offset }) == true {
                self.fail("the commit of \(committed) of \(partition) would be carried on to \(offset.offset)")
            }
        }
        for (partition, offset) in self.state.handedOutOffsets where !self.isAtExpected(offset.offset, partition) {
            self.fail("\(offset.offset) of \(partition) would be committed, \(self.expected[partition] ?? -1) is next")
        }
        for (partition, offset) in self.state.askedPastOffsets(now: self.now)
        where offset.offset > self.firstOffset(partition) {
            self.fail("\(offset.offset) of \(partition) would be committed by itself, beyond what was handed out")
        }
        for (partition, offset) in self.state.askedPastOffsets(now: self.now) {
            guard let from = self.collectedFrom[partition], let log = self.logs[partition] else { continue }
            if offset.offset > log.offsets.first(where: { $0 >= from }) ?? log.end {
                self.fail(
                    "\(offset.offset) of \(partition) would be committed by itself, and the reader has it in an array")
            }
        }
        if Bool.random(using: &self.random) { self.commit(self.state.handedOutOffsets) }
    }

    /// The offset of the next record to be delivered.
    private func firstOffset(_ partition: TopicPartition) -> Int64 {
        let expected = self.expected[partition] ?? 0
        return self.logs[partition]?.offsets.first { $0 >= expected } ?? self.logs[partition]?.end ?? 0
    }

    /// Whether there is no record between an offset and the expected one.
    private func isAtExpected(_ offset: Int64, _ partition: TopicPartition) -> Bool {
        guard let expected = self.expected[partition] else { return true }
        return self.logs[partition]?.offsets.contains { min(offset, expected) <= $0 && $0 < max(offset, expected) }
            == false
    }

    // MARK: Brokers

    private mutating func lookUp() {
        self.lookups += self.state.beginLookups(now: self.now).due
        while !self.lookups.isEmpty, !self.happens(self.chances.late) {
            let lookup = self.lookups.remove(at: Int.random(in: 0..<self.lookups.count, using: &self.random))
            if self.happens(self.chances.lost + self.chances.refused) {
                let error = KafkaError(.connectionFailed, "lost", isRetriable: true)
                self.loops.wake(
                    self.state.lookupFailed(lookup, error, now: self.now, retryAt: self.now + .milliseconds(50)))
                continue
            }
            switch lookup.kind {
            case .committed:
                self.loops.wake(
                    self.state.committedFound(
                        lookup, self.committed[lookup.partition].map { OffsetAndMetadata(offset: $0) }))
            case .list:
                self.loops.wake(self.state.offsetFound(lookup, offset: 0, epoch: 0))
            case .endOfEpoch:
                let end = Bool.random(using: &self.random) ? self.logs[lookup.partition]?.end : nil
                self.loops.wake(self.state.endOfEpochFound(lookup, endOffset: end))
            }
        }
    }

    private mutating func fetch() {
        for broker in Int32(1)...2 where self.loops.begins(.broker(broker), now: self.now) {
            switch self.state.planFetch(from: broker, now: self.now) {
            case .wait(let time): self.loops.wait(.broker(broker), until: time)
            case .fetch(let planned, let bytes):
                self.loops.fetchBegan(.broker(broker))
                self.fetches.append(Fetch(broker: broker, partitions: planned, maximumBytes: bytes))
            }
        }
        guard self.loops.begins(.beside, now: self.now) else { return }
        let plan = self.state.planFetchesBeside(now: self.now)
        self.loops.wait(.beside, until: plan.next)
        for beside in plan.fetches {
            self.fetches.append(
                Fetch(broker: beside.broker, partitions: beside.fetches, maximumBytes: beside.maximumBytes))
        }
    }

    private mutating func answer() {
        while !self.fetches.isEmpty, !self.happens(self.chances.late) {
            let fetch = self.fetches.remove(at: Int.random(in: 0..<self.fetches.count, using: &self.random))
            self.loops.wake(
                self.state.fetchEnded(
                    fetch.partitions, maximumBytes: fetch.maximumBytes, from: fetch.broker, now: self.now))
            if fetch.partitions.first?.isBeside != true { self.loops.fetchEnded(.broker(fetch.broker)) }
            if self.happens(self.chances.lost) {
                self.state.fetchFailed(fetch.partitions, retryAt: self.now + .milliseconds(50))
                self.loops.wake([.fetchers])
                self.tellMetadata()
                continue
            }
            var room = fetch.maximumBytes
            var isFirst = true
            for planned in fetch.partitions {
                let answer = self.fetchAnswer(planned, at: fetch.broker, &room, &isFirst)
                let wakening = self.state.fetched(
                    planned, answer, from: fetch.broker, now: self.now, backoff: .milliseconds(50))
                self.loops.wake(wakening)
                if wakening.contains(.metadata) { self.tellMetadata() }
            }
        }
    }

    /// A broker's loop may wait without an end only if it has nothing to fetch, or for the reader, or for another fetch.
    private mutating func checkProgress() {
        guard self.state.bufferedBytes == 0, !self.state.isRoomWanted else { return }
        for (partition, assigned) in self.state.partitions where assigned.isFetchable {
            guard let broker = assigned.source(now: self.now), self.loops.isAsleep(.broker(broker)),
                !self.fetches.contains(where: { $0.broker == broker })
            else { continue }
            self.fail("nothing will fetch \(partition)")
        }
    }

    private mutating func fetchAnswer(
        _ planned: PlannedFetch, at broker: Int32, _ room: inout Int, _ isFirst: inout Bool
    ) -> FetchAnswer {
        guard let leader = self.leaders[planned.partition], let log = self.logs[planned.partition] else {
            return FetchAnswer()
        }
        if leader.broker != broker { return FetchAnswer(error: .notLeaderOrFollower) }
        if planned.request.leaderEpoch < leader.epoch { return FetchAnswer(error: .fencedLeaderEpoch) }
        if self.happens(self.chances.refused) {
            let errors: [ErrorCode] = [
                .unknownServerError, .kafkaStorageError, .unknownLeaderEpoch, .replicaNotAvailable,
            ]
            return FetchAnswer(error: errors.randomElement(using: &self.random) ?? .unknownServerError)
        }
        let offset = planned.request.fetchOffset
        if offset > log.end { return FetchAnswer(error: .offsetOutOfRange) }
        // The answer starts with the batch that contains the offset and has as many bytes as fit, so its last batch may
        // be truncated. The first batch of an answer is returned whole even if it doesn't fit; the first batch of a
        // later partition is omitted then.
        var bytes: [UInt8] = []
        var first = 0
        for batch in log.batches where batch.nextOffset > offset {
            if bytes.isEmpty { first = batch.bytes.count }
            bytes += batch.bytes
        }
        var size = min(bytes.count, room, Int(planned.request.maximumBytes))
        if size < first { size = isFirst ? first : 0 }
        if size > 0 { isFirst = false }
        room -= size
        let chunk = size > 0 ? FetchedChunk(Bytes(bytes.prefix(size)), aborted: AbortedTransactions()) : nil
        return FetchAnswer(highWatermark: log.end, logStartOffset: 0, chunk: chunk)
    }

    // MARK: The reader

    private mutating func read() throws {
        for _ in 0..<Int.random(in: 0...4, using: &self.random) {
            if self.readInHand() { continue }
            if self.happens(30) { return }
            try self.ask()
        }
    }

    /// Reads the next record of the batch in hand. Returns false if the reader has to ask for another batch.
    private mutating func readInHand() -> Bool {
        guard var reading = self.reading, !reading.progress.isInterrupted.load(ordering: .relaxed) else { return false }
        guard let record = reading.iterator.next() else { return false }
        reading.progress.current.store(record.offset, ordering: .relaxed)
        if reading.iterator.isAtEnd { reading.progress.isAtEnd.store(true, ordering: .relaxed) }
        self.reading = reading
        self.handedOut(record.offset, reading.partition)
        return true
    }

    private mutating func handedOut(_ offset: Int64, _ partition: TopicPartition) {
        let next = self.firstOffset(partition)
        if self.expected[partition] == nil { self.fail("\(offset) of \(partition), which is given up") }
        if offset != next { self.fail("\(offset) of \(partition) in place of \(next)") }
        self.expected[partition] = offset + 1
    }

    private mutating func ask() throws {
        if let progress = self.reading?.progress, !progress.isInterrupted.load(ordering: .relaxed) {
            // As the iterator of `records` does at the end of a batch, whose last records may have been compacted. A
            // loop that was left in the middle doesn't.
            if var reading = self.reading, reading.iterator.next() == nil, let inHand = self.state.inHand {
                progress.current.store(inHand.storage.lastOffset, ordering: .relaxed)
            }
        }
        self.reading = nil
        self.collectedFrom = [:]
        if let failure = self.state.readerAsked() { self.fail("\(failure)") }
        for (partition, offset) in self.state.askedPastOffsets(now: self.now)
        where !self.isAtExpected(offset.offset, partition) {
            self.fail("\(offset.offset) of \(partition) is not all that was asked past")
        }
        let (next, wakening) = self.state.take()
        self.loops.wake(wakening)
        switch next {
        case .nothing:
            return
        case .failure(let failure):
            self.fail("\(failure)")
        case .batch(let taken):
            // Events that may happen during the decompression.
            if self.happens(self.chances.moves * 3) {
                self.moveALeader()
                self.tellMetadata()
            }
            if self.happens(self.chances.seeks * 3) { try self.seek() }
            if self.happens(self.chances.pauses * 3) { try self.pauseOrResume() }
            try self.open(taken)
        }
    }

    private mutating func open(_ taken: TakenBatch) throws {
        let storage = try RecordBatchStorage(
            taken.batch, records: taken.batch.records(), of: taken.partition, from: taken.start.offset)
        guard storage.count > 0 else { return self.state.pass(taken) }
        let mode = [ConsumerReader.Mode.batches, .records, .collected].randomElement(using: &self.random)
        let progress = ReadingProgress(current: storage.start - 1, isCollected: mode == .collected)
        guard self.state.handOut(taken, progress: mode == .batches ? nil : progress, storage: storage) else { return }
        let batch = ConsumerRecordBatch(storage: storage)
        switch mode {
        case .records:
            self.reading = (taken.partition, batch.makeIterator(), progress)
        case .collected:
            self.collectedFrom[taken.partition] = self.expected[taken.partition]
            var iterator = batch.makeIterator()
            for _ in 0..<Int.random(in: 1...storage.count, using: &self.random) {
                guard let record = iterator.next() else { break }
                progress.current.store(record.offset, ordering: .relaxed)
                if iterator.isAtEnd { progress.isAtEnd.store(true, ordering: .relaxed) }
                self.handedOut(record.offset, taken.partition)
            }
        case .batches, nil:
            for record in batch { self.handedOut(record.offset, taken.partition) }
        }
    }

    // MARK: Memory

    private mutating func checkMemory() {
        let buffered = self.state.partitions.values.reduce(0) { $0 + $1.bufferedBytes }
        if buffered != self.state.bufferedBytes {
            self.fail("\(self.state.bufferedBytes) bytes are noted, \(buffered) there")
        }
        let reserved = self.fetches.reduce(0) { $0 + $1.maximumBytes }
        if reserved != self.state.reservedBytes { self.fail("\(self.state.reservedBytes) bytes are reserved") }
        // Each broker may exceed it by one batch.
        if buffered > self.state.settings.maximumPrefetchBytes + 2 * 200 { self.fail("\(buffered) bytes are buffered") }
    }
}
