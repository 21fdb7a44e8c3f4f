// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The tally of one partition: its counts and the offset up to which they are complete.
///
/// Both are only changed, stored and loaded together, which makes counting exact: a tally is the sum of the partition's
/// records before `nextOffset`, whichever process counted them and however often they were read.
struct Tally: Hashable, Sendable {
    /// The next offset to count. All records before it are in `counts`, and no others.
    private(set) var nextOffset: Int64 = 0
    private(set) var counts = ViewCounts()

    /// Creates an empty tally.
    init() {}

    /// Creates a tally from its parts.
    init(nextOffset: Int64, counts: ViewCounts) {
        self.nextOffset = nextOffset
        self.counts = counts
    }

    /// Counts the record at `offset`, unless it is in the tally already. `view` is nil if the record isn't a page view.
    /// Returns whether a view was counted.
    @discardableResult
    mutating func count(_ view: PageView?, at offset: Int64) -> Bool {
        guard offset >= self.nextOffset else { return false }
        self.nextOffset = offset + 1
        guard let view else { return false }
        self.counts.add(view)
        return true
    }

    /// Skips the offsets before `offset`, which have no records to count, such as those of Kafka's markers.
    mutating func skip(to offset: Int64) {
        self.nextOffset = max(self.nextOffset, offset)
    }
}
