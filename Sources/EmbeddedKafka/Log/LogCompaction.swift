// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// A run of compaction over a log, by Kafka's rules: of each key only the latest record stays, at its offset.
///
/// Control batches stay. A tombstone (a record without a value) stays for a time after the first run that met it, so that
/// consumers learn of the deletion (KIP-534).
struct LogCompaction {
    /// The time in milliseconds since 1970.
    let now: Int64
    let settings: LogSettings
    /// The last offsets of batches of which at least the header stays.
    let ends: Set<Int64>
    /// The first offset of an open transaction, before which compaction ends.
    var lastStableOffset = Int64.max
    /// The aborted transactions, whose records are removed.
    var aborted: [AbortedTransaction] = []

    /// The result: the batches that stay, and the offset up to which the log is compacted.
    struct Result {
        var batches: [Kept] = []
        var end: Int64
    }

    /// A batch that stays.
    struct Kept {
        var batch: RecordBatch
        /// The time from which on the batch's tombstones may be removed, or nil if it has none or hasn't been compacted.
        var deleteHorizon: Int64?
    }

    /// - Parameters:
    ///   - batches: All batches of the log.
    ///   - startOffset: The log's first offset. Records before it have been deleted.
    func run(_ batches: [Kept], startOffset: Int64) -> Result {
        let cleanable = self.cleanable(batches)
        let latest = self.latestOffsets(batches[..<cleanable], from: startOffset)
        var result = Result(end: batches[..<cleanable].last?.batch.nextOffset ?? startOffset)
        for (index, kept) in batches.enumerated() {
            if index >= cleanable || kept.batch.isControl {
                result.batches.append(kept)
            } else if let compacted = self.compacted(kept, latest) {
                result.batches.append(compacted)
            }
        }
        return result
    }

    /// Returns the number of batches that are old enough.
    private func cleanable(_ batches: [Kept]) -> Int {
        let stable = batches.firstIndex { $0.batch.lastOffset >= self.lastStableOffset } ?? batches.count
        guard self.settings.minCompactionLag > 0 else { return stable }
        let (limit, overflows) = self.now.subtractingReportingOverflow(self.settings.minCompactionLag)
        guard !overflows else { return 0 }
        return min(batches.firstIndex { $0.batch.maxTimestamp > limit } ?? stable, stable)
    }

    private func latestOffsets(_ batches: ArraySlice<Kept>, from startOffset: Int64) -> [Bytes: Int64] {
        var latest: [Bytes: Int64] = [:]
        for kept in batches where !kept.batch.isControl && !self.isAborted(kept.batch) {
            guard let records = try? kept.batch.records() else { continue }
            var iterator = records.makeIterator()
            while let record = try? iterator.next() {
                if record.offset >= startOffset, let key = records.key(of: record) { latest[key] = record.offset }
            }
        }
        return latest
    }

    private func isAborted(_ batch: RecordBatch) -> Bool {
        batch.isTransactional
            && self.aborted.contains {
                $0.producerID == batch.producerID && ($0.firstOffset...$0.lastOffset).contains(batch.baseOffset)
            }
    }

    /// Returns what stays of a batch, or nil if nothing does.
    private func compacted(_ kept: Kept, _ latest: [Bytes: Int64]) -> Kept? {
        let removesTombstones = kept.deleteHorizon.map { $0 <= self.now } ?? false
        var hasTombstones = false
        var count = 0
        let isAborted = self.isAborted(kept.batch)
        let rewritten = try? kept.batch.rewritten { record, records in
            guard !isAborted, let key = records.key(of: record), latest[key] == record.offset else { return false }
            if record.valueCount < 0 {
                if removesTombstones { return false }
                hasTombstones = true
            }
            count += 1
            return true
        }
        // A batch that can't be read, for instance because the build lacks its codec, stays as it is.
        guard let rewritten else { return kept }
        guard count > 0 || self.ends.contains(kept.batch.lastOffset) else { return nil }
        let (horizon, overflows) = self.now.addingReportingOverflow(self.settings.deleteRetention)
        return Kept(
            batch: count == kept.batch.count ? kept.batch : rewritten,
            deleteHorizon: hasTombstones ? kept.deleteHorizon ?? (overflows ? .max : horizon) : nil)
    }
}
