// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Retention and compaction.
extension PartitionLog {
    /// Removes the batches from the start of the log whose records are all older than the retention time. Returns whether
    /// there were any.
    ///
    /// It removes batch by batch, as if each were a segment of its own.
    func expire(before time: Int64) -> Bool {
        let kept = self.entries.first { $0.lastOffset >= self.startOffset && $0.maxTimestamp >= time }
        let start = self.startOffset
        self.advanceStart(to: max(kept?.baseOffset ?? self.endOffset, start))
        return self.startOffset > start
    }

    /// Compacts the log.
    func compact(_ settings: LogSettings, now: Int64) {
        let batches = self.entriesWithBatches.map {
            LogCompaction.Kept(batch: $0.batch, deleteHorizon: $0.entry.deleteHorizon)
        }
        let result = LogCompaction(
            now: now, settings: settings, ends: self.ends, lastStableOffset: self.lastStableOffset,
            aborted: self.abortedTransactions
        ).run(batches, startOffset: self.startOffset)
        self.replaceBatches(result.batches, compactedUpTo: result.end)
    }

    /// Returns whether compaction by the clock has to run: if enough of the log is new, a record has waited for too long,
    /// or tombstones are due.
    func needsCompaction(_ settings: LogSettings, now: Int64) -> Bool {
        let dirty = self.entries.filter { $0.baseOffset >= self.compactedEnd }
        if let first = dirty.first {
            let (latest, overflows) = first.maxTimestamp.addingReportingOverflow(settings.maxCompactionLag)
            if !overflows, latest < now { return true }
            let bytes = dirty.reduce(0) { $0 + Int($1.count) }
            if Double(bytes) / Double(max(self.byteCount, 1)) >= settings.minDirtyRatio { return true }
        }
        return self.entries.contains { $0.deleteHorizon.map { $0 <= now } ?? false }
    }

    /// Whether there is something that the cleaner removes, now or when time has passed.
    func awaitsCleaning(_ settings: LogSettings) -> Bool {
        if settings.retentionTime != nil, self.endOffset > self.startOffset { return true }
        if let bytes = settings.retentionBytes, self.start(retaining: Int(bytes)) > self.startOffset { return true }
        guard settings.isCompacted else { return false }
        return self.endOffset > self.compactedEnd || self.entries.contains { $0.deleteHorizon != nil }
    }
}
