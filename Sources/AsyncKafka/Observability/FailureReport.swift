// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// When failures that go on and on are told: the first at once or once they have gone on for a while, then one a minute, and once
/// that it is over. Pure.
struct FailureReport {
    /// Failures that end before this are not told.
    private let patience: Duration
    /// The time between two that are told.
    private let interval: Duration
    /// When the first failed since the last success.
    private(set) var failingSince: MonotonicTime?
    /// Until when the last failure lasts, or lasted.
    private var failingUntil: MonotonicTime?
    private var toldAt: MonotonicTime?
    /// How many there were since the last that was told.
    private var count = 0
    /// Whether something was told that was not yet told to be over.
    private(set) var isTold = false

    init(patience: Duration = .zero, interval: Duration = .seconds(60)) {
        self.patience = patience
        self.interval = interval
    }

    /// Whether it has not been over since the last failure.
    var isFailing: Bool { self.failingSince != nil }

    /// Takes note of failures. Returns how many there were since the last that was told, if it is time to tell.
    ///
    /// - Parameters:
    ///   - since: when the attempt began that failed; now by default. A time-out has tried the patience already.
    ///   - until: when the failure will be over by itself; at once by default.
    ///   - isUrgent: whether it is told without patience, since it does not pass by itself.
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

    /// How many there were since the last that was told, if any, and if it is time to tell though none fails now.
    mutating func due(now: MonotonicTime) -> Int? {
        guard self.count > 0, self.isTold, let toldAt = self.toldAt, now - toldAt >= self.interval else { return nil }
        self.toldAt = now
        return self.takeUntold()
    }

    /// How many there were since the last that was told; from now on they count as told.
    mutating func takeUntold() -> Int {
        defer { self.count = 0 }
        return self.count
    }

    /// Returns whether that it is over is to be told. Failures that begin soon again are one with those before.
    mutating func succeeded() -> Bool {
        self.failingSince = nil
        self.failingUntil = nil
        defer { self.isTold = false }
        return self.isTold
    }

    /// As `succeeded()`, where what fails alternates with what succeeds: it is over once nothing has failed for a time. What fails
    /// later is told as the first.
    mutating func succeeded(now: MonotonicTime, after quiet: Duration) -> Bool {
        guard let end = self.failingUntil, now - end >= quiet else { return false }
        defer { self = FailureReport(patience: self.patience, interval: self.interval) }
        return self.isTold
    }
}
