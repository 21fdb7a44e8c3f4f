// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// When each part of closing is over. What comes last has a share of its own, so that nothing before can use up all the time.
struct ClosingSchedule: Hashable, Sendable {
    /// Until then a reader that is at work may come for its next element, or return from a callback.
    let reader: MonotonicTime
    /// Then the partitions are given up: the last commit, the last callback.
    let release: MonotonicTime
    /// Then the group has been left, or not.
    let end: MonotonicTime

    init(from start: MonotonicTime, within limit: Duration) {
        self.reader = start + limit * 0.7
        self.release = start + limit * 0.9
        self.end = start + limit
    }
}
