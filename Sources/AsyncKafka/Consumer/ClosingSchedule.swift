// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// The deadlines of closing. Each later part has a share of its own, so that an earlier one can't use up all the time.
struct ClosingSchedule: Hashable, Sendable {
    /// The time until which closing waits for the reader to ask for its next element or to return from a callback.
    let reader: MonotonicTime
    /// The time until which the partitions are given up, with the last commit and the last callback.
    let release: MonotonicTime
    /// The time until which the consumer leaves the group.
    let end: MonotonicTime

    init(from start: MonotonicTime, within limit: Duration) {
        self.reader = start + limit * 0.7
        self.release = start + limit * 0.9
        self.end = start + limit
    }
}
