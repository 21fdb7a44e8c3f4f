// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// When failures that go on and on are told: the first at once, then one a minute, and once that it is over. Pure.
struct FailureReport {
    static let interval = Duration.seconds(60)

    private var toldAt: MonotonicTime?
    private var count = 0
    /// Whether something was told that was not yet told to be over.
    private var isTold = false

    /// Returns how many there were since the last that was told, if this one is to be told.
    mutating func failed(now: MonotonicTime) -> Int? {
        self.count += 1
        if let toldAt = self.toldAt, now - toldAt < Self.interval { return nil }
        defer { self.count = 0 }
        self.toldAt = now
        self.isTold = true
        return self.count
    }

    /// Returns whether that it is over is to be told. Failures that begin soon again are one with those before.
    mutating func succeeded() -> Bool {
        defer { self.isTold = false }
        return self.isTold
    }
}
