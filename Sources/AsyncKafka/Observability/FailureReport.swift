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
    static let interval = Duration.seconds(60)

    /// Failures that end before this are not told.
    private let patience: Duration
    /// When the first failed since the last success.
    private(set) var failingSince: MonotonicTime?
    private var toldAt: MonotonicTime?
    private var count = 0
    /// Whether something was told that was not yet told to be over.
    private(set) var isTold = false

    init(patience: Duration = .zero) {
        self.patience = patience
    }

    /// Returns how many there were since the last that was told, if this one is to be told. `begun` is when the attempt began.
    mutating func failed(now: MonotonicTime, begun: MonotonicTime? = nil) -> Int? {
        self.count += 1
        let since = self.failingSince ?? begun ?? now
        self.failingSince = since
        guard now - since >= self.patience else { return nil }
        if let toldAt = self.toldAt, now - toldAt < Self.interval { return nil }
        defer { self.count = 0 }
        self.toldAt = now
        self.isTold = true
        return self.count
    }

    /// Returns whether that it is over is to be told. Failures that begin soon again are one with those before.
    mutating func succeeded() -> Bool {
        self.failingSince = nil
        defer { self.isTold = false }
        return self.isTold
    }
}
