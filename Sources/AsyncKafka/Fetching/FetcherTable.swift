// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// The signals of a consumer's fetchers, one for each broker.
final class FetcherTable: Sendable {
    /// Wakes the task that starts fetchers.
    let signal = Signal()
    private let fetchers = Lock<[Int32: Signal]>([:])

    /// Adds the brokers that have no fetcher yet, and returns them with their new signals.
    func add(_ brokers: Set<Int32>) -> [(broker: Int32, signal: Signal)] {
        self.fetchers.withLock { fetchers in
            var added: [(broker: Int32, signal: Signal)] = []
            for broker in brokers where fetchers[broker] == nil {
                let signal = Signal()
                fetchers[broker] = signal
                added.append((broker, signal))
            }
            return added
        }
    }

    /// Wakes all fetchers, and the task that starts them.
    func wakeAll() {
        let signals = self.fetchers.withLock { Array($0.values) }
        for signal in signals { signal.notify() }
        self.signal.notify()
    }
}
