// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// Wakes one background task. Signals sent while the task is busy are merged into one for its next wait.
final class Signal: Sendable {
    private enum State {
        case idle
        case signalled
        case waiting(Promise<Void>)
    }

    private let state = Lock<State>(.idle)

    /// Wakes the waiting task, or lets its next wait return at once.
    func notify() {
        let waiter: Promise<Void>? = self.state.withLock { state in
            guard case .waiting(let promise) = state else {
                state = .signalled
                return nil
            }
            state = .idle
            return promise
        }
        // If the wait has just ended by its deadline, the signal isn't lost: the task looks at its work again before
        // its next wait.
        waiter?.fulfill(.success(()))
    }

    /// Waits until a signal, the deadline or the task's cancellation.
    func wait(until deadline: MonotonicTime? = nil, on loop: EventLoop) async {
        let promise = Promise<Void>()
        let isSignalled = self.state.withLock { state in
            if case .signalled = state {
                state = .idle
                return true
            }
            state = .waiting(promise)
            return false
        }
        if isSignalled { return }
        if let deadline {
            try? await promise.value(until: deadline, on: loop) { .cancelled }
        } else {
            try? await promise.value()
        }
        self.state.withLock { state in
            if case .waiting(let current) = state, current === promise { state = .idle }
        }
    }
}
