// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// The attempts that have failed since the last success. The last one is the reason to report when time runs out. Pure.
struct FailedAttempts: Sendable {
    private(set) var count = 0
    /// The error of the last failed attempt.
    private(set) var last: KafkaError?
    private var since: MonotonicTime?
    /// When the last attempt failed.
    private(set) var lastTime: MonotonicTime?

    mutating func add(_ error: KafkaError, now: MonotonicTime) {
        self.count += 1
        self.last = error
        self.since = self.since ?? now
        self.lastTime = now
    }

    /// How long attempts have been failing.
    func duration(now: MonotonicTime) -> Duration { self.since.map { now - $0 } ?? .zero }

    /// The time from the first to the last failure. Nothing is known of the time since then.
    var span: Duration {
        guard let since, let lastTime else { return .zero }
        return lastTime - since
    }

    /// The error of the last failed attempt, with the number of attempts in its message.
    func summary(now: MonotonicTime) -> KafkaError? {
        self.last?.after(attempts: self.count, in: now - (self.since ?? now))
    }
}

extension KafkaError {
    /// Returns the error with the number of attempts added to its message.
    func after(attempts: Int, in time: Duration) -> KafkaError {
        guard attempts > 1 else { return self }
        var error = self
        error.message += " (The last of \(attempts) attempts in \(time.formattedSeconds).)"
        return error
    }
}
