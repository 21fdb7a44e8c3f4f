// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

@testable import AsyncKafka

/// A model of `Fetcher`'s loops: one for each broker, and one for fetches beside those of the brokers. A loop that waits plans again only
/// when it is woken or its time has come.
struct SimulatedFetchLoops {
    enum Loop: Hashable {
        case broker(Int32)
        case beside
    }

    private enum State {
        case planning
        case fetching
        case waiting(until: MonotonicTime?)
    }

    private var states: [Loop: State] = [:]
    /// The loops that have been woken since they last began to plan after waiting.
    private var woken: Set<Loop> = []

    init(brokers: [Int32]) {
        for loop in brokers.map(Loop.broker) + [.beside] { self.states[loop] = .planning }
    }

    mutating func wake(_ wakening: Wakening) {
        if wakening.contains(.fetchers) { self.woken.formUnion(self.states.keys) }
    }

    /// Returns whether a loop plans now.
    mutating func begins(_ loop: Loop, now: MonotonicTime) -> Bool {
        switch self.states[loop] {
        case .planning: return true
        case .fetching, nil: return false
        case .waiting(let time):
            guard self.woken.contains(loop) || time.map({ $0 <= now }) == true else { return false }
            self.woken.remove(loop)
            return true
        }
    }

    mutating func wait(_ loop: Loop, until time: MonotonicTime?) { self.states[loop] = .waiting(until: time) }

    mutating func fetchBegan(_ loop: Loop) { self.states[loop] = .fetching }

    mutating func fetchEnded(_ loop: Loop) { self.states[loop] = .planning }

    /// Whether a loop waits until it is woken, and has not been.
    func isAsleep(_ loop: Loop) -> Bool {
        guard case .waiting(until: nil) = self.states[loop] else { return false }
        return !self.woken.contains(loop)
    }
}
