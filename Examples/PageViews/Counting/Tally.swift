// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The running tally of one partition: its counts, and how far into the partition they reach.
///
/// The two are only ever changed, stored and loaded together, and that is the whole secret of counting exactly once:
/// a tally is what the partition's records up to `nextOffset` add up to, whoever counted them and how often they tried.
struct Tally: Hashable, Sendable {
    /// The next offset to count: every record before it is in `counts`, and none from it on.
    private(set) var nextOffset: Int64 = 0
    private(set) var counts = ViewCounts()

    /// Nothing counted yet.
    init() {}

    /// A tally from its parts.
    init(nextOffset: Int64, counts: ViewCounts) {
        self.nextOffset = nextOffset
        self.counts = counts
    }

    /// Counts the record at `offset`; `view` is nil if the record is no page view. A record that is in the tally already
    /// is not counted again. Returns whether a view was counted.
    @discardableResult
    mutating func count(_ view: PageView?, at offset: Int64) -> Bool {
        guard offset >= self.nextOffset else { return false }
        self.nextOffset = offset + 1
        guard let view else { return false }
        self.counts.add(view)
        return true
    }

    /// Notes that there is nothing to count before `offset`: Kafka's own markers take up offsets too.
    mutating func skip(to offset: Int64) {
        self.nextOffset = max(self.nextOffset, offset)
    }
}
