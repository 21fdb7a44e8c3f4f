// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// Decides when to log a broker's requests for pauses (KIP-219): when they begin, once a minute while they continue,
/// and when they are over. Pure.
struct ThrottleReport {
    enum Event: Hashable {
        case throttles
        case isOver
        /// The pause is so long that requests would expire.
        case makesNoSense
    }

    private var pauses = FailureReport()
    private var senselessPauses = FailureReport()

    /// The time without pauses after which throttling is considered over: the length of a quota window.
    private static let quiet = Duration.seconds(10)

    /// Processes an answer with its throttle time.
    ///
    /// - Parameter longest: The maximum length of a plausible pause.
    mutating func answered(pause: Duration, longest: Duration, now: MonotonicTime) -> Event? {
        guard pause > .zero else {
            _ = self.senselessPauses.succeeded(now: now, after: Self.quiet)
            return self.pauses.succeeded(now: now, after: Self.quiet) ? .isOver : nil
        }
        let isNews = self.pauses.failed(now: now, until: now + pause) != nil
        if pause > longest, self.senselessPauses.failed(now: now, until: now + pause) != nil { return .makesNoSense }
        return isNews ? .throttles : nil
    }

    var isThrottled: Bool { self.pauses.isFailing }
}
