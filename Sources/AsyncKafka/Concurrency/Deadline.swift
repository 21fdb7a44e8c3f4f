// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaTransport

/// Runs what other people wrote within a time, also if it doesn't heed cancellation.
package enum Deadline {
    /// Thrown when the time is over.
    package struct Passed: Error {}

    /// The result of `body`, or `Passed`. `body` is cancelled then, and left to itself: it runs as a task of its own, since a
    /// child's end would have to be waited for.
    package static func run<Value: Sendable>(
        _ limit: Duration, on clock: LoopClock, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let first = FirstResult<Result<Value, any Error>>()
        // No child of this task: it would have to be waited for, and it may not end. Cancelled below in any case.
        let work = Task {
            do {
                first.give(.success(try await body()))
            } catch {
                first.give(.failure(error))
            }
        }
        defer { work.cancel() }
        return try await withTaskGroup(of: Void.self) { group in
            // A child, which ends at once when it is cancelled below: nothing of the limit outlives the result.
            group.addTask {
                do { try await clock.sleep(for: limit) } catch { return }
                first.give(.failure(Passed()))
            }
            let result = await first.value(whenCancelled: .failure(CancellationError()))
            group.cancelAll()
            return result
        }.get()
    }

    /// As `run`, but the cancellation of the calling task ends neither `body` nor the wait for it.
    package static func runToEnd<Value: Sendable>(
        _ limit: Duration, on clock: LoopClock, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        // No child of this task, whose cancellation would reach it. It ends at the limit, and is awaited here.
        try await Task { try await self.run(limit, on: clock, body) }.value
    }
}
