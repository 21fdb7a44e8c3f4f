// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaTransport

/// Runs user code within a time limit, even if that code ignores cancellation.
package enum Deadline {
    /// Thrown when the time limit has passed.
    package struct Passed: Error {}

    /// Returns the result of `body`, or throws `Passed` at the limit. `body` is then cancelled and left running: it
    /// runs in an unstructured task, since a task group would have to wait for it.
    package static func run<Value: Sendable>(
        _ limit: Duration, on clock: LoopClock, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let first = FirstResult<Result<Value, any Error>>()
        // Unstructured, since a task group would wait for a child that may never end. Cancelled below in any case.
        let work = Task {
            do {
                first.give(.success(try await body()))
            } catch {
                first.give(.failure(error))
            }
        }
        defer { work.cancel() }
        return try await withTaskGroup(of: Void.self) { group in
            // A child, since it ends as soon as it is cancelled below. So no timer outlives the result.
            group.addTask {
                do { try await clock.sleep(for: limit) } catch { return }
                first.give(.failure(Passed()))
            }
            let result = await first.value(whenCancelled: .failure(CancellationError()))
            group.cancelAll()
            return result
        }.get()
    }

    /// Like `run`, but cancelling the calling task ends neither `body` nor the wait for it.
    package static func runToEnd<Value: Sendable>(
        _ limit: Duration, on clock: LoopClock, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        // Unstructured, so that cancelling the caller doesn't reach it. It ends at the limit and is awaited here.
        try await Task { try await self.run(limit, on: clock, body) }.value
    }
}
