// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

extension EmbeddedKafka {
    /// Keeps requests, or answers, until it is released: to see what a client does meanwhile.
    ///
    /// ```swift
    /// let hold = EmbeddedKafka.Hold()
    /// kafka.inject(.hold(hold), on: .produce)
    /// // ... the client sends
    /// await hold.untilHeld()
    /// // ... look at what the client does while it waits
    /// hold.release()
    /// ```
    public final class Hold: Sendable {
        private struct State: Sendable {
            var isReleased = false
            var count = 0
            var held: [@Sendable () -> Void] = []
        }

        private let state = Watched(State())

        /// A hold that keeps what comes to it.
        public init() {}

        /// How many requests or answers have been held, also those that have been released since.
        public var count: Int { self.state.value.count }

        /// Waits until `count` requests or answers have been held, or until the task is cancelled.
        public func untilHeld(_ count: Int = 1) async {
            await self.state.wait { $0.count >= count }
        }

        /// Lets everything go on, now and from now on.
        public func release() {
            let held = self.state.update { state in
                state.isReleased = true
                defer { state.held = [] }
                return state.held
            }
            for proceed in held { proceed() }
        }

        /// Calls `proceed` once, when the hold is released. It must find its own way to the thread that it needs.
        func add(_ proceed: @escaping @Sendable () -> Void) {
            let isReleased = self.state.update { state in
                state.count += 1
                if !state.isReleased { state.held.append(proceed) }
                return state.isReleased
            }
            if isReleased { proceed() }
        }
    }
}
