// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Tracks which batches of a Fetch answer belong to aborted transactions, for `read_committed`.
///
/// The broker lists the aborted transactions of the fetched range by producer id and first offset. A producer's batches
/// count as aborted from that offset up to its ABORT marker. The batch header is enough to decide, so nothing is
/// decompressed.
struct AbortedTransactions: Sendable {
    /// Transactions that the batches haven't reached. Sorted so that the one with the lowest first offset is last.
    private var upcoming: [(producerID: Int64, firstOffset: Int64)]
    /// The producers whose aborted transaction has begun and whose marker hasn't been seen yet.
    private var open: Set<Int64> = []

    /// Creates it from the list of a Fetch answer. The order doesn't matter, because some brokers don't sort the list.
    init(_ list: [(producerID: Int64, firstOffset: Int64)] = []) {
        self.upcoming = list.sorted { $0.firstOffset > $1.firstOffset }
    }

    /// Returns whether a batch of a transaction was aborted. Batches must be passed in the order of their offsets.
    mutating func contains(producerID: Int64, lastOffset: Int64) -> Bool {
        self.advance(to: lastOffset)
        return self.open.contains(producerID)
    }

    /// Processes the marker that ends an aborted transaction. A marker without its transaction is valid: compaction
    /// keeps markers longer than records.
    mutating func ended(producerID: Int64, markerOffset: Int64) {
        self.advance(to: markerOffset)
        self.open.remove(producerID)
    }

    private mutating func advance(to lastOffset: Int64) {
        while let next = self.upcoming.last, next.firstOffset <= lastOffset {
            self.open.insert(next.producerID)
            self.upcoming.removeLast()
        }
    }
}
