// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Synchronization

/// What the service has done, and whether prices can be found out.
final class Status: Sendable {
    private struct State {
        var enriched = 0
        var failedLookups = 0
        var deadLetters: [Unprocessable: Int] = [:]
        /// The times of the first and the last failure since a lookup has succeeded.
        var failures: ClosedRange<ContinuousClock.Instant>?
    }

    private let tolerance: Duration
    private let memory: Duration
    private let state = Mutex(State())

    /// - Parameters:
    ///   - tolerance: How long lookups may fail before the service isn't well.
    ///   - memory: How long a failure counts if no lookup follows it. Lookups that fail are repeated sooner.
    init(tolerance: Duration = .seconds(3), memory: Duration = .seconds(30)) {
        self.tolerance = tolerance
        self.memory = memory
    }

    func wasEnriched() {
        self.state.withLock { $0.enriched += 1 }
    }

    func becameDeadLetter(_ reason: Unprocessable) {
        self.state.withLock { $0.deadLetters[reason, default: 0] += 1 }
    }

    func lookupSucceeded() {
        self.state.withLock { $0.failures = nil }
    }

    func lookupFailed() {
        self.state.withLock { state in
            state.failedLookups += 1
            let now = ContinuousClock.now
            state.failures = (state.failures?.lowerBound ?? now)...now
        }
    }

    /// Whether prices can be found out, as far as the last lookups tell.
    var pricesAreAvailable: Bool {
        self.state.withLock { state in
            guard let failures = state.failures else { return true }
            return .now - failures.lowerBound < self.tolerance || .now - failures.upperBound >= self.memory
        }
    }

    /// The counts in Prometheus's text format.
    var metrics: String {
        let state = self.state.withLock { $0 }
        let deadLetters = Unprocessable.allCases.map { reason in
            "orders_dead_letters_total{reason=\"\(reason.rawValue)\"} \(state.deadLetters[reason] ?? 0)\n"
        }
        return """
            # HELP orders_enriched_total The orders that were enriched.
            # TYPE orders_enriched_total counter
            orders_enriched_total \(state.enriched)
            # HELP orders_failed_lookups_total The lookups of prices that failed.
            # TYPE orders_failed_lookups_total counter
            orders_failed_lookups_total \(state.failedLookups)
            # HELP orders_dead_letters_total The orders that became dead letters.
            # TYPE orders_dead_letters_total counter
            \(deadLetters.joined())
            """
    }
}
