// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// The size at which a topic's batches are full: the configured one, or less where the topic takes less, which only its
/// refusals tell. Pure.
///
/// A refusal halves it. It doubles again when none came for a while, since a topic's `max.message.bytes` may be raised. If it
/// wasn't, each try costs one batch that is refused and split.
struct LearnedBatchSize {
    /// How long after the last refusal, or the last try, a larger batch is tried.
    static let patience: Duration = .seconds(60)
    /// It falls no lower. A topic that takes even less gets its batches split.
    static let smallest = 1024

    let configured: Int
    private(set) var current: Int
    private var growth: MonotonicTime?
    private var isTold = false

    init(_ configured: Int) {
        self.configured = configured
        self.current = configured
    }

    /// A batch of so many bytes was refused as too large. Returns whether that is the first refusal, which is logged.
    mutating func refused(_ size: Int, now: MonotonicTime) -> Bool {
        self.current = min(self.current, max(size / 2, Self.smallest))
        self.growth = self.current < self.configured ? now + Self.patience : nil
        defer { self.isTold = true }
        return !self.isTold
    }

    /// Doubles it if it is time.
    mutating func grow(now: MonotonicTime) {
        guard let growth = self.growth, now >= growth else { return }
        self.current = min(2 * self.current, self.configured)
        self.growth = self.current < self.configured ? now + Self.patience : nil
    }
}
