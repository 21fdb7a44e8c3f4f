// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// What is said of a broker's wish for pauses (KIP-219): that it begins, once a minute that it goes on, and that it is over. Pure.
struct ThrottleReport {
    enum Event: Hashable {
        case throttles
        case isOver
        /// Requests would expire during the pause.
        case makesNoSense
    }

    private var pauses = FailureReport()
    private var senselessPauses = FailureReport()

    /// How long answers ask for no pause until it is over: as long as a quota's window.
    private static let quiet = Duration.seconds(10)

    /// - Parameter longest: how long a pause may be to make sense.
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
