// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// When a group that can't be joined, or whose offsets can't be read, is to be complained of: after a while, and from then on now and then. Pure.
struct JoiningTrouble: Hashable, Sendable {
    /// What passes by itself need not be read by anybody.
    static let patience = Duration.seconds(5)
    static let interval = Duration.seconds(60)

    private var attempt: MonotonicTime?
    /// When the first of the attempts began that have failed in a row.
    private var since: MonotonicTime?
    private var next: MonotonicTime?
    /// Not before then a failure that ends the attempts is told again: a reader that asks on and on has heard of it.
    private var nextEnd: MonotonicTime?

    /// Whether it has been told that the attempts fail.
    var isTold: Bool { self.next != nil }

    /// An attempt begins. Until when it may look for what it needs: before anything has been told, only so long that it can
    /// be told in time. `backoff` is how much sooner a look-up may end than it has to.
    mutating func attempts(now: MonotonicTime, limit: Duration, backoff: Duration) -> MonotonicTime {
        self.attempt = now
        return now + (self.next == nil ? min(limit, Self.patience + backoff) : limit)
    }

    /// It failed. For how long joining has failed, if that is to be told now.
    mutating func failed(now: MonotonicTime) -> Duration? {
        let since = self.since ?? self.attempt ?? now
        self.since = since
        guard now >= self.next ?? (since + Self.patience) else { return nil }
        self.next = now + Self.interval
        return now - since
    }

    /// Joining has been given up, for a reason that time can't cure. Whether that is to be told now.
    mutating func gaveUp(now: MonotonicTime) -> Bool {
        if let nextEnd = self.nextEnd, now < nextEnd { return false }
        self.nextEnd = now + Self.interval
        return true
    }

    /// Nothing is tried any more, for now.
    mutating func pauses() {
        (self.attempt, self.since, self.next) = (nil, nil, nil)
    }
}
