// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// When a group that can't be joined, or whose offsets can't be read, is complained of: after a while, and then each minute. Pure.
struct JoiningTrouble: Sendable {
    /// What passes by itself need not be read by anybody.
    static let patience = Duration.seconds(5)

    private var attempt: MonotonicTime?
    private var report = FailureReport(patience: Self.patience)
    /// Failures that end the attempts. A reader that asks again and again has heard of them.
    private var ends = FailureReport()

    /// Whether it has been told that the attempts fail.
    var isTold: Bool { self.report.isTold }

    /// An attempt begins. Returns until when it may look for what it needs: before anything has been told, only so long that it
    /// can be told in time. `backoff` is how much sooner a look-up may end than it has to.
    mutating func attempts(now: MonotonicTime, limit: Duration, backoff: Duration) -> MonotonicTime {
        self.attempt = now
        return now + (self.isTold ? limit : min(limit, Self.patience + backoff))
    }

    /// It failed. Returns for how long joining has failed, if that is to be told now.
    mutating func failed(now: MonotonicTime) -> Duration? {
        guard self.report.failed(now: now, since: self.attempt) != nil else { return nil }
        return now - (self.report.failingSince ?? now)
    }

    /// Joining has been given up, for a reason that time can't cure. Returns whether that is to be told now.
    mutating func gaveUp(now: MonotonicTime) -> Bool { self.ends.failed(now: now) != nil }

    /// Nothing is tried any more, for now.
    mutating func pauses() {
        self.attempt = nil
        self.report = FailureReport(patience: Self.patience)
    }
}
