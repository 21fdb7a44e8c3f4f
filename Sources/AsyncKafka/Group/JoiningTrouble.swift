// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// Decides when to log that a group can't be joined or its offsets can't be read: after a few seconds, and then every
/// minute. Pure.
struct JoiningTrouble: Sendable {
    /// Failures shorter than this are not logged as warnings.
    static let patience = Duration.seconds(5)

    private var attempt: MonotonicTime?
    private var report = FailureReport(patience: Self.patience)
    /// Failures that end the attempts. They are limited separately, for a reader that asks again after each error.
    private var ends = FailureReport()
    private var changes = FailureReport()

    /// Whether the failures have been reported.
    var isTold: Bool { self.report.isTold }

    /// Notes the start of an attempt and returns its deadline. Until failures have been reported, the attempt may only
    /// take so long that they can be reported in time. `backoff` is how much sooner than its deadline a look-up may
    /// end.
    mutating func attempts(now: MonotonicTime, limit: Duration, backoff: Duration) -> MonotonicTime {
        self.attempt = now
        return now + (self.isTold ? limit : min(limit, Self.patience + backoff))
    }

    /// Notes a failure. Returns how long joining has failed, if that is to be reported now.
    mutating func failed(now: MonotonicTime) -> Duration? {
        guard self.report.failed(now: now, since: self.attempt) != nil else { return nil }
        return now - (self.report.failingSince ?? now)
    }

    /// Notes that joining was given up because of an error that isn't retriable. Returns whether to report it now.
    mutating func gaveUp(now: MonotonicTime) -> Bool { self.ends.failed(now: now) != nil }

    /// Notes that the group is joined by another protocol. Returns whether to report it now.
    mutating func changedProtocol(now: MonotonicTime) -> Bool { self.changes.failed(now: now) != nil }

    /// Notes that no attempt is in progress.
    mutating func pauses() {
        self.attempt = nil
        self.report = FailureReport(patience: Self.patience)
    }
}
