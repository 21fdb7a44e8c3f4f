// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// A small pool of threads for calls that block for long and can't be cancelled. Threads end when no calls are left.
///
/// When a waiting task is cancelled it stops waiting. A call that is running continues without it, and a call that is
/// still queued is dropped.
package final class BlockingThreads: Sendable {
    private struct Call: Sendable {
        var id: Int
        var body: @Sendable () -> Void
        var fail: @Sendable (TransportError) -> Void
    }

    private struct State {
        var threads = 0
        var lastID = 0
        var waiting: [Call] = []
    }

    private let state = Lock(State())
    private let name: String
    private let maximum: Int

    package init(named name: String, maximum: Int) {
        self.name = name
        self.maximum = maximum
    }

    /// Runs `body` on one of the threads and returns its result. Throws `CancellationError` as soon as the task is
    /// cancelled.
    package func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        let result = FirstResult<Result<Value, any Error>>()
        let id = self.submit {
            result.give(Result { try body() })
        } orFail: {
            result.give(.failure($0))
        }
        let value = await result.value(whenCancelled: .failure(CancellationError()))
        self.withdraw(id)
        return try value.get()
    }

    /// Removes a call that no thread has begun: its result is no longer needed.
    func withdraw(_ id: Int) {
        self.state.withLock { $0.waiting.removeAll { $0.id == id } }
    }

    /// Queues a call and returns its id.
    ///
    /// - Parameter fail: is called instead of `body` if no thread can be started.
    func submit(
        _ body: @escaping @Sendable () -> Void, orFail fail: @escaping @Sendable (TransportError) -> Void
    ) -> Int {
        let (id, startsThread) = self.state.withLock { state in
            state.lastID += 1
            state.waiting.append(Call(id: state.lastID, body: body, fail: fail))
            guard state.threads < self.maximum else { return (state.lastID, false) }
            state.threads += 1
            return (state.lastID, true)
        }
        guard startsThread else { return id }
        do {
            try LoopThread.start(named: self.name) { self.work() }
        } catch {
            // Other threads can still run the call. If there are none, all queued calls fail.
            let failed = self.state.withLock { state -> [Call] in
                state.threads -= 1
                guard state.threads == 0 else { return [] }
                defer { state.waiting = [] }
                return state.waiting
            }
            for call in failed { call.fail(error) }
        }
        return id
    }

    private func work() {
        while true {
            let call: Call? = self.state.withLock { state in
                guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
                state.threads -= 1
                return nil
            }
            guard let call else { return }
            call.body()
        }
    }
}
