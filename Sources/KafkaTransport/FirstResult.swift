// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// A value that one task waits for and several may provide. The first value is used and later ones are ignored.
///
/// All waits of the transport use it, so that each continuation is resumed exactly once and outside of locks.
package final class FirstResult<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case awaited(CheckedContinuation<Value, Never>)
        case given(Value)
    }

    private let state = Lock<State>(.empty)

    package init() {}

    /// Provides the value. Returns whether it is the first.
    @discardableResult
    package func give(_ value: Value) -> Bool {
        let (isFirst, waiting) = self.state.withLock { state -> (Bool, CheckedContinuation<Value, Never>?) in
            switch state {
            case .empty:
                state = .given(value)
                return (true, nil)
            case .awaited(let continuation):
                state = .given(value)
                return (true, continuation)
            case .given:
                return (false, nil)
            }
        }
        waiting?.resume(returning: value)
        return isFirst
    }

    /// Waits for the value, and returns `cancellation` if the task is cancelled first. Must be called only once.
    package func value(whenCancelled cancellation: Value) async -> Value {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let given: Value? = self.state.withLock { state in
                    if case .given(let value) = state { return value }
                    state = .awaited(continuation)
                    return nil
                }
                if let given { continuation.resume(returning: given) }
            }
        } onCancel: {
            self.give(cancellation)
        }
    }
}
