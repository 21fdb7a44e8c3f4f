// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The start offsets of a log's leader epochs, by which a client detects truncation of what it has read (KIP-101,
/// KIP-320).
struct LeaderEpochs: Equatable, Sendable {
    struct Entry: Equatable, Sendable {
        var epoch: Int32
        var startOffset: Int64
    }

    /// The end of an epoch: the highest known epoch up to the requested one, and the first offset after it.
    struct End: Equatable, Sendable {
        var epoch: Int32
        var offset: Int64

        /// Kafka's answer for an unknown epoch.
        static let undefined = End(epoch: -1, offset: -1)
    }

    /// The entries, ascending in both epoch and offset.
    private(set) var entries: [Entry] = []

    /// The epoch of the last batch or the current leader, or -1.
    var latest: Int32 { self.entries.last?.epoch ?? -1 }

    /// Returns the epoch of the record at `offset`, or -1.
    func epoch(at offset: Int64) -> Int32 {
        self.entries.last { $0.startOffset <= offset }?.epoch ?? -1
    }

    /// Starts an epoch at `startOffset`. Removes entries of epochs without records.
    mutating func begin(_ epoch: Int32, at startOffset: Int64) {
        guard epoch > self.latest else { return }
        self.entries.removeAll { $0.startOffset >= startOffset }
        self.entries.append(Entry(epoch: epoch, startOffset: startOffset))
    }

    /// Removes entries that start at or after the log's new end.
    mutating func truncate(to endOffset: Int64) {
        self.entries.removeAll { $0.startOffset >= endOffset }
    }

    /// Moves the first remaining entry to the log's new start, and removes the entries before it.
    mutating func advanceStart(to startOffset: Int64) {
        guard let first = self.entries.lastIndex(where: { $0.startOffset <= startOffset }) else { return }
        self.entries.removeSubrange(..<first)
        self.entries[0].startOffset = startOffset
    }

    /// Returns the end of `epoch` in a log that ends at `logEndOffset`, as in an OffsetForLeaderEpoch response.
    func end(of epoch: Int32, logEndOffset: Int64) -> End {
        guard epoch >= 0, let last = self.entries.last else { return .undefined }
        if epoch == last.epoch { return End(epoch: epoch, offset: logEndOffset) }
        guard let next = self.entries.firstIndex(where: { $0.epoch > epoch }) else { return .undefined }
        let known = next > 0 ? self.entries[next - 1].epoch : epoch
        return End(epoch: known, offset: self.entries[next].startOffset)
    }
}
