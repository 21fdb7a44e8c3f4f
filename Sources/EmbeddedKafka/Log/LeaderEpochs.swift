// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Where each leader's part of a log begins, so that a client can find out whether what it read was truncated (KIP-101,
/// KIP-320).
struct LeaderEpochs: Equatable, Sendable {
    struct Entry: Equatable, Sendable {
        var epoch: Int32
        var startOffset: Int64
    }

    /// The end of an epoch: the highest known epoch that is not above the one asked for, and the first offset after it.
    struct End: Equatable, Sendable {
        var epoch: Int32
        var offset: Int64

        /// What Kafka answers when it knows nothing.
        static let undefined = End(epoch: -1, offset: -1)
    }

    /// Ascending in both epoch and offset.
    private(set) var entries: [Entry] = []

    /// The epoch of the last batch or of the present leader, or -1.
    var latest: Int32 { self.entries.last?.epoch ?? -1 }

    /// The epoch in which the record at `offset` was written, or -1.
    func epoch(at offset: Int64) -> Int32 {
        self.entries.last { $0.startOffset <= offset }?.epoch ?? -1
    }

    /// A leader of `epoch` starts writing at `startOffset`. Entries that nothing was written in give way.
    mutating func begin(_ epoch: Int32, at startOffset: Int64) {
        guard epoch > self.latest else { return }
        self.entries.removeAll { $0.startOffset >= startOffset }
        self.entries.append(Entry(epoch: epoch, startOffset: startOffset))
    }

    /// Forgets what starts at or after the new end of the log.
    mutating func truncate(to endOffset: Int64) {
        self.entries.removeAll { $0.startOffset >= endOffset }
    }

    /// Moves the first entry up to the new start of the log, and forgets the ones before it.
    mutating func advanceStart(to startOffset: Int64) {
        guard let first = self.entries.lastIndex(where: { $0.startOffset <= startOffset }) else { return }
        self.entries.removeSubrange(..<first)
        self.entries[0].startOffset = startOffset
    }

    /// What OffsetForLeaderEpoch answers about `epoch` in a log that ends at `logEndOffset`.
    func end(of epoch: Int32, logEndOffset: Int64) -> End {
        guard epoch >= 0, let last = self.entries.last else { return .undefined }
        if epoch == last.epoch { return End(epoch: epoch, offset: logEndOffset) }
        guard let next = self.entries.firstIndex(where: { $0.epoch > epoch }) else { return .undefined }
        let known = next > 0 ? self.entries[next - 1].epoch : epoch
        return End(epoch: known, offset: self.entries[next].startOffset)
    }
}
