// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// A number of events since the beginning, and in the last minute. Pure.
struct RecentCount: Sendable {
    private(set) var total = 0
    private var windows = RecentWindows(empty: 0)

    mutating func add(_ count: Int, now: MonotonicTime) {
        self.total &+= count
        self.windows.record(now: now) { $0 &+= count }
    }

    /// Returns the count for statistics.
    ///
    /// - Parameter beginning: the time from which on events were counted.
    func reported(since beginning: MonotonicTime, now: MonotonicTime) -> StatisticsCount {
        let recent = self.windows.contents(now: now).reduce(0, &+)
        let seconds = RecentWindows<Int>.seconds(since: beginning, now: now)
        return StatisticsCount(total: self.total, perSecond: Double(recent) / seconds)
    }
}
