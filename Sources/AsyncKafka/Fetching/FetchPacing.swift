// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// Keeps a fetcher from spinning with a broker that answers at once although it has nothing. Pure.
struct FetchPacing: Sendable {
    /// So many empty answers in a row are believed.
    private static let granted = 3
    /// So many are told, and again after a minute.
    private static let told = 10

    private var emptyInARow = 0
    private var toldAt: MonotonicTime?

    /// What follows an answer.
    struct Step: Hashable, Sendable {
        /// When the next request may be sent; nil for at once.
        var notBefore: MonotonicTime?
        /// Whether that is to be told.
        var isNews = false
    }

    /// Takes an answer to a request that was sent at `asked`, and that the broker could keep for `maximumWait`.
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
        // No later than if the broker had waited.
        return Step(
            notBefore: min(asked + maximumWait, now + backoff(self.emptyInARow - Self.granted)), isNews: isNews)
    }
}
