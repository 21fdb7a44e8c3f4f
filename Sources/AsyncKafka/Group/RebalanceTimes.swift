// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// How many rebalances a member has gone through, and how long they took. Pure.
struct RebalanceTimes: Sendable {
    /// A membership as far as rebalances are concerned.
    enum Phase: Sendable {
        /// The consumer takes part in no group: it has not begun to, has left, or can't join.
        case outside
        /// The member joins, or has to give up or take over partitions.
        case inProgress
        /// The member has its assignment.
        case settled
    }

    private(set) var count = 0
    private(set) var total = Duration.zero
    private(set) var last: Duration?
    /// The durations of those that ended with an assignment.
    private(set) var recent = RecentDistribution()
    /// When the current rebalance began.
    private(set) var begun: MonotonicTime?

    /// Notes the phase after a change of the membership.
    mutating func observe(_ phase: Phase, now: () -> MonotonicTime) {
        switch (phase, self.begun) {
        case (.inProgress, nil):
            self.begun = now()
        case (.settled, let begun?), (.outside, let begun?):
            let end = now()
            let time = end - begun
            self.begun = nil
            self.total += time
            if case .settled = phase {
                self.last = time
                self.recent.record(time, now: end)
                self.count += 1
            }
        default:
            break
        }
    }
}
