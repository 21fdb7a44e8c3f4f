// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// The log of a partition: the produced batches with the offsets and epochs that the broker assigned.
///
/// It isn't thread-safe. Records count as replicated immediately, so the high watermark equals the log end offset.
final class PartitionLog {
    /// The result of appending a batch.
    struct Appended: Equatable {
        var baseOffset: Int64
        var lastOffset: Int64
        /// The time of appending, or -1 if the records keep the producer's timestamps.
        var logAppendTime: Int64
        /// Whether the batch was in the log already and was not appended again.
        var isDuplicate: Bool
    }

    /// The first available offset.
    private(set) var startOffset: Int64 = 0
    /// The offset of the next record.
    private(set) var endOffset: Int64 = 0
    /// The number of bytes of all batches.
    private(set) var byteCount = 0
    private(set) var epochs = LeaderEpochs()
    /// The offset up to which the log has been compacted.
    private(set) var compactedEnd: Int64 = 0

    private var segments: [LogSegment] = []
    private(set) var producers = ProducerStates()
    /// The aborted transactions, in the order of their markers.
    private(set) var abortedTransactions: [AbortedTransaction] = []

    /// The end of the offsets that consumers may read.
    var highWatermark: Int64 { self.endOffset }
    /// The end of the offsets that `read_committed` consumers may read.
    var lastStableOffset: Int64 { max(self.producers.firstOpenOffset ?? self.highWatermark, self.startOffset) }
    /// The places of all batches.
    var entries: some Sequence<LogSegment.Entry> { self.segments.lazy.flatMap(\.entries) }
    /// All batches with their places, without unreadable ones, of which the log has none.
    var entriesWithBatches: [(entry: LogSegment.Entry, batch: RecordBatch)] {
        self.segments.flatMap { segment in
            segment.entries.compactMap { entry in
                var reader = RecordBatchReader(segment.bytes(of: entry))
                return (try? reader.next()).map { (entry, $0) }
            }
        }
    }
    /// The last offsets of the log and of each idempotent producer. The headers of their batches stay in a compacted log,
    /// because they say where the log and the producers' sequences end.
    var ends: Set<Int64> { self.producers.lastOffsets.union([self.endOffset - 1]) }
    /// The number of batches.
    var batchCount: Int { self.segments.reduce(0) { $0 + $1.entries.count } }

    // MARK: Writing

    /// Starts a leader epoch. Batches that are appended from now on belong to it.
    func begin(epoch: Int32) {
        self.epochs.begin(epoch, at: self.endOffset)
    }

    /// Appends a validated batch, unless it is a retry of one in the log. `now` is in milliseconds since 1970.
    func append(
        _ batch: RecordBatch, leaderEpoch: Int32, now: Int64, usesLogAppendTime: Bool = false
    ) throws(BrokerError) -> Appended {
        // Transaction markers have no sequence numbers.
        if batch.producerID >= 0, !batch.isControl {
            let verdict = try self.producers.check(
                producerID: batch.producerID, epoch: batch.producerEpoch, firstSequence: batch.baseSequence,
                lastSequence: batch.lastSequence, isTransactional: batch.isTransactional)
            if case .duplicate(let earlier) = verdict {
                return Appended(
                    baseOffset: earlier.baseOffset, lastOffset: earlier.lastOffset,
                    logAppendTime: usesLogAppendTime ? earlier.timestamp : -1, isDuplicate: true)
            }
        }
        let baseOffset = self.endOffset
        let logAppendTime = usesLogAppendTime ? now : nil
        self.epochs.begin(leaderEpoch, at: baseOffset)
        self.makeRoom(for: batch.bytes.count, at: baseOffset)
        self.segments[self.segments.count - 1].append(
            batch, baseOffset: baseOffset, leaderEpoch: leaderEpoch, logAppendTime: logAppendTime)
        self.byteCount += batch.bytes.count
        self.endOffset = baseOffset + (batch.nextOffset - batch.baseOffset)
        self.note(batch, baseOffset: baseOffset, timestamp: logAppendTime ?? batch.maxTimestamp, now: now)
        return Appended(
            baseOffset: baseOffset, lastOffset: self.endOffset - 1, logAppendTime: logAppendTime ?? -1,
            isDuplicate: false)
    }

    private func note(_ batch: RecordBatch, baseOffset: Int64, timestamp: Int64, now: Int64) {
        guard batch.producerID >= 0 else { return }
        guard !batch.isControl else { return self.noteMarker(batch, at: baseOffset, timestamp: timestamp, now: now) }
        let place = ProducerStates.Batch(
            firstSequence: batch.baseSequence, lastSequence: batch.lastSequence, baseOffset: baseOffset,
            lastOffset: baseOffset + (batch.lastOffset - batch.baseOffset), timestamp: timestamp)
        self.producers.append(
            place, producerID: batch.producerID, epoch: batch.producerEpoch, now: now,
            isTransactional: batch.isTransactional)
    }

    private func noteMarker(_ batch: RecordBatch, at offset: Int64, timestamp: Int64, now: Int64) {
        guard let marker = batch.marker else { return }
        let start = self.producers.endTransaction(
            producerID: batch.producerID, epoch: batch.producerEpoch, coordinatorEpoch: marker.coordinatorEpoch ?? 0,
            timestamp: timestamp, now: now)
        guard let start, marker.kind == .abort else { return }
        self.abortedTransactions.append(
            AbortedTransaction(producerID: batch.producerID, firstOffset: start, lastOffset: offset))
    }

    /// Adds a segment if the last one has no room. Segments double in size, so that small logs take little memory.
    private func makeRoom(for count: Int, at offset: Int64) {
        if let last = self.segments.last, last.hasRoom(for: count) { return }
        let usual = min(max(2 * (self.segments.last?.capacity ?? 0), LogSegment.smallest), LogSegment.largest)
        self.segments.append(LogSegment(baseOffset: offset, capacity: max(usual, count)))
    }

    // MARK: Reading

    /// Returns batches from the one that contains `offset` on. The last one may be cut off, as in Kafka.
    ///
    /// Only batches that end before `limit` are returned. If the first batch is larger than `maxBytes`, it is returned
    /// completely with `atLeastOneBatch`, and otherwise nothing is.
    func read(
        from offset: Int64, maxBytes: Int, atLeastOneBatch: Bool, before limit: Int64
    ) throws(BrokerError) -> [Bytes] {
        guard offset >= self.startOffset, offset <= self.endOffset else {
            throw BrokerError(
                .offsetOutOfRange,
                "Offset \(offset) is not between \(self.startOffset) and \(self.endOffset), where the log begins and ends."
            )
        }
        guard offset < limit, var segment = self.segmentIndex(holding: offset) else { return [] }
        var index = self.segments[segment].index(endingAtOrAfter: offset)
        let first = Int(self.segments[segment].entries[index].count)
        guard maxBytes >= first || atLeastOneBatch else { return [] }
        var room = max(maxBytes, first)
        var slices: [Bytes] = []
        while segment < self.segments.count, room > 0 {
            let entries = self.segments[segment].entries
            let start = Int(entries[index].position)
            let readable = self.segments[segment].index(endingAtOrAfter: limit)
            let end = readable < entries.count ? Int(entries[readable].position) : self.segments[segment].byteCount
            guard end > start else { break }
            let count = min(room, end - start)
            slices.append(self.segments[segment].bytes(start..<start + count))
            room -= count
            segment += 1
            index = 0
        }
        return slices
    }

    private func segmentIndex(holding offset: Int64) -> Int? {
        var low = 0
        var high = self.segments.count
        while low < high {
            let middle = (low + high) / 2
            if (self.segments[middle].entries.last?.lastOffset ?? -1) < offset {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < self.segments.count ? low : nil
    }

    /// A record's offset and timestamp.
    struct RecordPlace: Equatable {
        var offset: Int64
        var timestamp: Int64
    }

    /// Returns the first record whose timestamp is at least `timestamp`.
    func firstRecord(reaching timestamp: Int64) -> RecordPlace? {
        for segment in self.segments {
            for entry in segment.entries where entry.lastOffset >= self.startOffset && entry.maxTimestamp >= timestamp {
                let places = self.places(in: segment.bytes(of: entry))
                if let found = places.first(where: { $0.timestamp >= timestamp }) { return found }
            }
        }
        return nil
    }

    /// Returns the first record with the latest timestamp, which may be a marker. Compaction may have left batches without
    /// records.
    func recordWithLatestTimestamp() -> RecordPlace? {
        var latest: (timestamp: Int64, segment: Int, entry: LogSegment.Entry)?
        for (index, segment) in self.segments.enumerated() {
            for entry in segment.entries where entry.lastOffset >= self.startOffset {
                guard entry.maxTimestamp > latest?.timestamp ?? -1,
                    entry.recordCount > 0 || !self.places(in: segment.bytes(of: entry)).isEmpty
                else { continue }
                latest = (entry.maxTimestamp, index, entry)
            }
        }
        guard let latest else { return nil }
        let places = self.places(in: self.segments[latest.segment].bytes(of: latest.entry))
        return places.first { $0.timestamp == latest.timestamp }
    }

    /// Returns the records of a batch that have not been deleted. For an unreadable batch, returns the values of its
    /// header.
    private func places(in bytes: Bytes) -> [RecordPlace] {
        var reader = RecordBatchReader(bytes)
        guard let batch = try? reader.next() else { return [] }
        guard let records = try? batch.records() else {
            return [RecordPlace(offset: batch.baseOffset, timestamp: batch.maxTimestamp)]
        }
        var places: [RecordPlace] = []
        var iterator = records.makeIterator()
        while let record = try? iterator.next() {
            if record.offset >= self.startOffset {
                places.append(RecordPlace(offset: record.offset, timestamp: record.timestamp))
            }
        }
        return places
    }

    /// The number of records that have not been deleted or compacted away.
    var recordCount: Int {
        var count = 0
        for segment in self.segments {
            for entry in segment.entries where entry.lastOffset >= self.startOffset {
                count +=
                    entry.baseOffset >= self.startOffset
                    ? Int(entry.recordCount) : self.places(in: segment.bytes(of: entry)).count
            }
        }
        return count
    }

    /// Calls `body` for each record that has not been deleted, without control records.
    func forEachRecord(_ body: (RecordView, RecordSequence) -> Void) throws(RecordBatchError) {
        for (_, batch) in self.entriesWithBatches where !batch.isControl && batch.lastOffset >= self.startOffset {
            let records = try batch.records()
            var iterator = records.makeIterator()
            while let record = try iterator.next() {
                if record.offset >= self.startOffset { body(record, records) }
            }
        }
    }

    // MARK: Removing

    /// Removes the records from `offset` on, like a replica that followed a leader that was not elected. A batch that
    /// contains `offset` is removed completely.
    func truncate(to offset: Int64) {
        guard offset < self.endOffset else { return }
        self.endOffset = offset
        // A segment without batches would end the search for an offset too soon.
        while let last = self.segments.last, last.index(endingAtOrAfter: offset) == 0 {
            self.endOffset = min(offset, last.baseOffset)
            self.segments.removeLast()
        }
        if let last = self.segments.last {
            let kept = last.prefix(last.index(endingAtOrAfter: offset))
            self.segments[self.segments.count - 1] = kept
            self.endOffset = kept.entries.last.map { $0.lastOffset + 1 } ?? self.endOffset
        }
        self.startOffset = min(self.startOffset, self.endOffset)
        self.byteCount = self.segments.reduce(0) { $0 + $1.byteCount }
        self.epochs.truncate(to: self.endOffset)
        self.compactedEnd = min(self.compactedEnd, self.endOffset)
        self.rememberProducersAgain()
    }

    private func rememberProducersAgain() {
        self.producers.removeAll()
        self.abortedTransactions = []
        for (entry, batch) in self.entriesWithBatches {
            self.note(batch, baseOffset: entry.baseOffset, timestamp: entry.maxTimestamp, now: entry.maxTimestamp)
        }
    }

    /// Replaces all batches after compaction. Offsets, the log's end and the producers stay.
    func replaceBatches(_ batches: [LogCompaction.Kept], compactedUpTo end: Int64) {
        self.segments = []
        for kept in batches {
            let batch = kept.batch
            self.makeRoom(for: batch.bytes.count, at: batch.baseOffset)
            self.segments[self.segments.count - 1].append(
                batch, baseOffset: batch.baseOffset, leaderEpoch: batch.partitionLeaderEpoch, logAppendTime: nil,
                deleteHorizon: kept.deleteHorizon)
        }
        self.byteCount = self.segments.reduce(0) { $0 + $1.byteCount }
        self.compactedEnd = end
    }

    /// Moves the start of the log to `offset`, or to its end for -1, and releases the memory before it.
    func deleteRecords(before offset: Int64) throws(BrokerError) {
        let target = offset == -1 ? self.highWatermark : offset
        guard target >= 0, target <= self.highWatermark else {
            throw BrokerError(
                .offsetOutOfRange, "Offset \(offset) is after the end of the log, which is \(self.highWatermark).")
        }
        self.advanceStart(to: target)
    }

    /// Removes segments from the start as long as at least `bytes` remain.
    func retain(bytes: Int) {
        self.advanceStart(to: self.start(retaining: bytes))
    }

    /// Returns the first offset after the removal of as many segments as leave at least `bytes`.
    func start(retaining bytes: Int) -> Int64 {
        var removed = 0
        var start = self.startOffset
        var count = self.byteCount
        while removed + 1 < self.segments.count, count - self.segments[removed].byteCount >= bytes {
            count -= self.segments[removed].byteCount
            removed += 1
            start = self.segments[removed].baseOffset
        }
        return start
    }

    func advanceStart(to offset: Int64) {
        guard offset > self.startOffset else { return }
        self.startOffset = offset
        let kept = self.segments.firstIndex { ($0.entries.last?.lastOffset ?? -1) >= offset } ?? self.segments.count
        self.segments.removeSubrange(..<kept)
        self.byteCount = self.segments.reduce(0) { $0 + $1.byteCount }
        self.epochs.advanceStart(to: offset)
        self.abortedTransactions.removeAll { $0.lastOffset < offset }
    }
}
