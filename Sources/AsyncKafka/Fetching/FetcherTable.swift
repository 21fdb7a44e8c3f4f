// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// The fetchers of a consumer, one for each broker, and what wakes them.
final class FetcherTable: Sendable {
    /// Wakes the task that begins fetchers.
    let signal = Signal()
    private let fetchers = Lock<[Int32: Signal]>([:])

    /// Begins a fetcher for each of the brokers that has none; their signals.
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

    func wakeAll() {
        let signals = self.fetchers.withLock { Array($0.values) }
        for signal in signals { signal.notify() }
        self.signal.notify()
    }
}
