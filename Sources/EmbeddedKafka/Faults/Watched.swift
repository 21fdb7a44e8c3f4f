// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// A value on which tasks can wait until it satisfies a condition. Can be used from any thread.
final class Watched<Value: Sendable>: Sendable {
    private struct Waiter {
        var id: Int
        var isSatisfied: @Sendable (Value) -> Bool
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var value: Value
        var waiters: [Waiter] = []
        var nextID = 0
        var cancelled: Set<Int> = []
    }

    private let state: Lock<State>

    init(_ value: Value) {
        self.state = Lock(State(value: value))
    }

    var value: Value { self.state.withLock { $0.value } }

    @discardableResult
    func update<Result: Sendable>(_ change: @Sendable (inout Value) -> Result) -> Result {
        let (result, satisfied) = self.state.withLock { state in
            let result = change(&state.value)
            var satisfied: [CheckedContinuation<Void, Never>] = []
            if !state.waiters.isEmpty {
                let value = state.value
                satisfied = state.waiters.filter { $0.isSatisfied(value) }.map(\.continuation)
                state.waiters.removeAll { $0.isSatisfied(value) }
            }
            return (result, satisfied)
        }
        for continuation in satisfied { continuation.resume() }
        return result
    }

    /// Waits until the value satisfies `condition`, or until the task is cancelled.
    func wait(until condition: @escaping @Sendable (Value) -> Bool) async {
        let id = self.state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = self.state.withLock { state in
                    if state.cancelled.remove(id) != nil || condition(state.value) { return true }
                    state.waiters.append(Waiter(id: id, isSatisfied: condition, continuation: continuation))
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let continuation = self.state.withLock { state in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil as CheckedContinuation<Void, Never>?
                }
                return state.waiters.remove(at: index).continuation
            }
            continuation?.resume()
        }
        self.state.withLock { state in _ = state.cancelled.remove(id) }
    }
}
