// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// A value that one task waits for. It is fulfilled once: with a result, by a deadline, or by cancellation.
///
/// The first result wins; later ones are ignored. The waiting task is resumed outside of any lock.
final class Promise<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case waiting(CheckedContinuation<Result<Value, KafkaError>, Never>)
        case done(Result<Value, KafkaError>)
    }

    private let state = Lock<State>(.empty)

    /// Fulfils the promise. Returns whether this result was the first.
    @discardableResult
    func fulfill(_ result: Result<Value, KafkaError>) -> Bool {
        let (isFirst, continuation) = self.state.withLock {
            state -> (Bool, CheckedContinuation<Result<Value, KafkaError>, Never>?) in
            switch state {
            case .empty:
                state = .done(result)
                return (true, nil)
            case .waiting(let continuation):
                state = .done(result)
                return (true, continuation)
            case .done:
                return (false, nil)
            }
        }
        continuation?.resume(returning: result)
        return isFirst
    }

    /// Whether the promise has a result.
    var isFulfilled: Bool {
        self.state.withLock { if case .done = $0 { true } else { false } }
    }

    /// Waits for the result or the calling task's cancellation. Call it once.
    func value() async throws(KafkaError) -> Value {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let result: Result<Value, KafkaError>? = self.state.withLock { state in
                    if case .done(let result) = state { return result }
                    state = .waiting(continuation)
                    return nil
                }
                if let result { continuation.resume(returning: result) }
            }
        } onCancel: {
            self.fulfill(.failure(.cancelled))
        }
        return try result.get()
    }

    /// Waits for the result until `deadline`, then throws `timeout`.
    func value(
        until deadline: MonotonicTime, on loop: EventLoop, orThrow timeout: @escaping @Sendable () -> KafkaError
    ) async throws(KafkaError) -> Value {
        let timer = loop.schedule(at: deadline) { self.fulfill(.failure(timeout())) }
        defer { timer.cancel() }
        return try await self.value()
    }
}

extension KafkaError {
    /// The calling task was cancelled.
    static let cancelled = KafkaError(.cancelled, "The task was cancelled while it waited.")
}
