// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// Slows a fetcher down when a broker returns empty answers immediately instead of waiting for data. Pure.
struct FetchPacing: Sendable {
    /// The number of empty answers in a row after which requests are delayed.
    private static let granted = 3
    /// The number of empty answers in a row after which a warning is logged, at most once a minute.
    private static let told = 10

    private var emptyInARow = 0
    private var toldAt: MonotonicTime?

    /// What to do after an answer.
    struct Step: Hashable, Sendable {
        /// When the next request may be sent; nil for immediately.
        var notBefore: MonotonicTime?
        /// Whether to log a warning about it.
        var isNews = false
    }

    /// Processes the answer to a request that was sent at `asked` with `maximumWait` as the broker's longest wait.
    mutating func answered(
        isEmpty: Bool, asked: MonotonicTime, now: MonotonicTime, maximumWait: Duration,
        backoff: (_ failures: Int) -> Duration
    ) -> Step {
        guard isEmpty, now - asked < maximumWait / 2 else {
            self.emptyInARow = 0
            return Step()
        }
        self.emptyInARow += 1
        guard self.emptyInARow > Self.granted else { return Step() }
        let isNews = self.emptyInARow >= Self.told && self.toldAt.map { now - $0 >= .seconds(60) } ?? true
        if isNews { self.toldAt = now }
        // A delay is never longer than a wait at the broker would have been.
        return Step(
            notBefore: min(asked + maximumWait, now + backoff(self.emptyInARow - Self.granted)), isNews: isNews)
    }
}
