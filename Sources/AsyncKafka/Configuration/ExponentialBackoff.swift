// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The wait before another attempt (KIP-580). It doubles with each failure up to a maximum, with ±20 % of jitter.
package struct ExponentialBackoff: Sendable {
    package var initial: Duration
    package var maximum: Duration

    package init(initial: Duration, maximum: Duration) {
        self.initial = initial
        self.maximum = maximum
    }

    /// The wait after `failures` consecutive failures (1 or more).
    func delay(failures: Int) -> Duration { self.delay(failures: failures, jitter: .random(in: 0..<1)) }

    /// The wait after `failures` consecutive failures (1 or more). `jitter` is a random number in 0..<1.
    package func delay(failures: Int, jitter: Double) -> Duration {
        guard self.maximum > self.initial else { return self.maximum }
        let doublings = min(max(failures - 1, 0), 30)
        let factor = Double(1 << doublings) * (0.8 + 0.4 * jitter)
        return min(self.maximum, self.initial * factor)
    }
}

extension KafkaClientConfiguration {
    /// The backoff between attempts at a request.
    var retries: ExponentialBackoff {
        ExponentialBackoff(initial: self.retryBackoff, maximum: self.retryBackoffMax)
    }

    /// The backoff between attempts to connect to a broker.
    var reconnects: ExponentialBackoff {
        ExponentialBackoff(initial: self.reconnectBackoff, maximum: self.reconnectBackoffMax)
    }
}
