// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

extension EmbeddedKafka {
    /// Holds requests or responses until it is released, so that a test can examine the client meanwhile.
    ///
    /// ```swift
    /// let hold = EmbeddedKafka.Hold()
    /// kafka.inject(.hold(hold), on: .produce)
    /// // ... the client sends
    /// await hold.untilHeld()
    /// // ... examine what the client does while it waits
    /// hold.release()
    /// ```
    public final class Hold: Sendable {
        private struct State: Sendable {
            var isReleased = false
            var count = 0
            var held: [@Sendable () -> Void] = []
        }

        private let state = Watched(State())

        /// Creates a hold.
        public init() {}

        /// The number of requests or responses that have been held, including released ones.
        public var count: Int { self.state.value.count }

        /// Waits until `count` requests or responses have been held, or until the task is cancelled.
        public func untilHeld(_ count: Int = 1) async {
            await self.state.wait { $0.count >= count }
        }

        /// Releases everything that is held, and holds nothing from now on.
        public func release() {
            let held = self.state.update { state in
                state.isReleased = true
                defer { state.held = [] }
                return state.held
            }
            for proceed in held { proceed() }
        }

        /// Calls `proceed` once, when the hold is released, on an arbitrary thread.
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
