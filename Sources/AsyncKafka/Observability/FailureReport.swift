// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// Decides when to report repeated failures: the first one immediately or after a while, then once a minute, and
/// finally that they are over. Pure.
struct FailureReport {
    /// Failures that end within this time aren't reported.
    private let patience: Duration
    /// The time between two reports.
    private let interval: Duration
    /// The time of the first failure since the last success.
    private(set) var failingSince: MonotonicTime?
    /// The time until which the last failure lasts or lasted.
    private var failingUntil: MonotonicTime?
    private var toldAt: MonotonicTime?
    /// The number of failures since the last report.
    private var count = 0
    /// Whether failures were reported whose end was not.
    private(set) var isTold = false

    init(patience: Duration = .zero, interval: Duration = .seconds(60)) {
        self.patience = patience
        self.interval = interval
    }

    /// Whether something has failed since the last success.
    var isFailing: Bool { self.failingSince != nil }

    /// Counts failures. If a report is due, returns the number of failures since the last report.
    ///
    /// - Parameters:
    ///   - since: The time at which the failed attempt began. Default: now. The duration of a timeout thus counts as
    ///     patience.
    ///   - until: The time at which the failure ends by itself. Default: now.
    ///   - isUrgent: Whether to report it without patience, because it doesn't end by itself.
    mutating func failed(
        _ count: Int = 1, now: MonotonicTime, since begin: MonotonicTime? = nil, until end: MonotonicTime? = nil,
        isUrgent: Bool = false
    ) -> Int? {
        self.count += count
        let since = self.failingSince ?? begin ?? now
        self.failingSince = since
        self.failingUntil = max(self.failingUntil ?? now, end ?? now)
        guard isUrgent || now - since >= self.patience else { return nil }
        if let toldAt = self.toldAt, now - toldAt < self.interval { return nil }
        self.toldAt = now
        self.isTold = true
        return self.takeUntold()
    }

    /// Returns the number of failures since the last report, if there are any and a report is due although nothing
    /// fails now.
    mutating func due(now: MonotonicTime) -> Int? {
        guard self.count > 0, self.isTold, let toldAt = self.toldAt, now - toldAt >= self.interval else { return nil }
        self.toldAt = now
        return self.takeUntold()
    }

    /// Returns the number of failures since the last report, and marks them as reported.
    mutating func takeUntold() -> Int {
        defer { self.count = 0 }
        return self.count
    }

    /// Notes a success. Returns whether to report that the failures are over. If they begin again soon, the next report
    /// still waits for its interval.
    mutating func succeeded() -> Bool {
        self.failingSince = nil
        self.failingUntil = nil
        defer { self.isTold = false }
        return self.isTold
    }

    /// As `succeeded()`, for successes that alternate with failures: the failures are over once nothing has failed for
    /// the time `quiet`. The next failure is then reported like the first.
    mutating func succeeded(now: MonotonicTime, after quiet: Duration) -> Bool {
        guard let end = self.failingUntil, now - end >= quiet else { return false }
        defer { self = FailureReport(patience: self.patience, interval: self.interval) }
        return self.isTold
    }
}
