// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// A sequence of batches in one block of memory, with an index of their positions.
///
/// Batches are only appended after the existing ones, so `Bytes` of the segment never change.
struct LogSegment {
    struct Entry {
        var baseOffset: Int64
        var lastOffset: Int64
        var maxTimestamp: Int64
        var position: Int32
        var count: Int32
        /// The number of records, without control records.
        var recordCount: Int32
        /// The time from which on compaction removes the batch's tombstones, or nil if it hasn't met any.
        var deleteHorizon: Int64?
    }

    static let smallest = 4 << 10
    static let largest = 1 << 20

    private let storage: ByteStorage
    private(set) var entries: [Entry] = []
    private(set) var byteCount = 0
    let baseOffset: Int64

    init(baseOffset: Int64, capacity: Int) {
        self.baseOffset = baseOffset
        self.storage = ByteStorage(minimumCapacity: capacity)
    }

    var capacity: Int { self.storage.capacity }

    func hasRoom(for count: Int) -> Bool {
        self.byteCount + count <= self.storage.capacity
    }

    /// Copies a batch to the end, which must have room for it.
    mutating func append(
        _ batch: RecordBatch, baseOffset: Int64, leaderEpoch: Int32, logAppendTime: Int64?, deleteHorizon: Int64? = nil
    ) {
        let storage = self.storage
        batch.write(
            to: storage.base + self.byteCount, atOffset: baseOffset, partitionLeaderEpoch: leaderEpoch,
            logAppendTime: logAppendTime)
        self.entries.append(
            Entry(
                baseOffset: baseOffset, lastOffset: baseOffset + (batch.lastOffset - batch.baseOffset),
                maxTimestamp: logAppendTime ?? batch.maxTimestamp, position: Int32(self.byteCount),
                count: Int32(batch.bytes.count),
                recordCount: batch.isControl ? 0 : Int32(batch.count ?? 0), deleteHorizon: deleteHorizon))
        self.byteCount += batch.bytes.count
    }

    /// Returns the index of the first batch that ends at or after `offset`.
    func index(endingAtOrAfter offset: Int64) -> Int {
        var low = 0
        var high = self.entries.count
        while low < high {
            let middle = (low + high) / 2
            if self.entries[middle].lastOffset < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Returns the bytes in a range of positions.
    func bytes(_ range: Range<Int>) -> Bytes {
        Bytes(storage: self.storage, offset: range.lowerBound, count: range.count)
    }

    func bytes(of entry: Entry) -> Bytes {
        self.bytes(Int(entry.position)..<Int(entry.position) + Int(entry.count))
    }

    /// Returns a segment with only the batches before `index`. It is a copy, because the bytes after them may be in
    /// use.
    func prefix(_ index: Int) -> LogSegment {
        guard index < self.entries.count else { return self }
        var copy = LogSegment(baseOffset: self.baseOffset, capacity: self.storage.capacity)
        copy.byteCount = Int(self.entries[index].position)
        copy.entries = Array(self.entries[..<index])
        copy.storage.base.copyMemory(from: self.storage.base, byteCount: copy.byteCount)
        return copy
    }
}
