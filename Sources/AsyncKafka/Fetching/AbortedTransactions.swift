// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Tells which batches of a Fetch answer belong to aborted transactions, for `read_committed`.
///
/// The broker names, for what it sent, each aborted transaction by its producer and first offset. A producer's batches
/// count as aborted from there to its ABORT marker. Decided on the header of a batch, before anything is decompressed.
struct AbortedTransactions: Sendable {
    /// Not begun yet; the one with the lowest first offset is last.
    private var upcoming: [(producerID: Int64, firstOffset: Int64)]
    /// Begun, and its marker not seen yet.
    private var open: Set<Int64> = []

    /// The list of a Fetch answer, in any order: not every broker sorts it.
    init(_ list: [(producerID: Int64, firstOffset: Int64)] = []) {
        self.upcoming = list.sorted { $0.firstOffset > $1.firstOffset }
    }

    /// Whether a batch of a transaction is to be left out. Batches must come in the order of their offsets.
    mutating func contains(producerID: Int64, lastOffset: Int64) -> Bool {
        self.advance(to: lastOffset)
        return self.open.contains(producerID)
    }

    /// Takes the marker that ends an aborted transaction. A marker without its transaction is no error: compaction
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
