// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// The size at which a topic's batches are full: the configured size, or less if the topic has a lower limit, which the
/// producer only learns from rejections. Pure.
///
/// A rejection halves the size. It doubles again after a while without rejections, because the topic's
/// `max.message.bytes` may have been raised. If it hasn't, each attempt costs one batch that is rejected and split.
struct LearnedBatchSize {
    /// The time after the last rejection or increase until a larger size is tried.
    static let patience: Duration = .seconds(60)
    /// The lower bound. If a topic accepts even less, its batches are split.
    static let smallest = 1024

    let configured: Int
    private(set) var current: Int
    private var growth: MonotonicTime?
    private var isTold = false

    init(_ configured: Int) {
        self.configured = configured
        self.current = configured
    }

    /// The broker rejected a batch of `size` bytes as too large. Returns whether this is the first rejection, which is
    /// logged.
    mutating func refused(_ size: Int, now: MonotonicTime) -> Bool {
        self.current = min(self.current, max(size / 2, Self.smallest))
        self.growth = self.current < self.configured ? now + Self.patience : nil
        defer { self.isTold = true }
        return !self.isTold
    }

    /// Doubles the size if enough time has passed.
    mutating func grow(now: MonotonicTime) {
        guard let growth = self.growth, now >= growth else { return }
        self.current = min(2 * self.current, self.configured)
        self.growth = self.current < self.configured ? now + Self.patience : nil
    }
}
