// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Where prices come from, such as another service.
protocol PriceSource: Sendable {
    /// Returns the price in cents, or nil if there is no such item.
    ///
    /// It ends when its task is cancelled.
    ///
    /// - Throws: Any error if the price can't be found out now.
    func price(of item: String) async throws -> Int?
}

/// Asks a source again while it fails or is slow, but not without end.
///
/// With the defaults, a lookup takes 12.2 s at most. That has to be less than nine tenths of the consumer's `closeTimeout`, so that
/// an order in work at a shutdown is done before the consumer leaves its group.
struct PatientPrices: Sendable {
    let source: any PriceSource
    /// The time for one answer.
    var timeout = Duration.seconds(2)
    /// The pauses between attempts. There is one attempt more than pauses.
    var pauses: [Duration] = [.milliseconds(200), .seconds(1), .seconds(3)]

    /// Returns what the source returns.
    ///
    /// - Parameter failed: Is called for each attempt that fails.
    /// - Throws: `Unprocessable.priceUnavailable` after the last attempt, and `CancellationError`.
    func price(of item: String, failed: (any Error) -> Void) async throws -> Int? {
        var pauses = self.pauses[...]
        while true {
            do {
                return try await withTimeout(self.timeout) { try await self.source.price(of: item) }
            } catch {
                try Task.checkCancellation()  // The end of the service is no failure of the source.
                failed(error)
            }
            guard let pause = pauses.popFirst() else { throw Unprocessable.priceUnavailable }
            try await Task.sleep(for: pause)
        }
    }
}

struct TimedOut: Error, CustomStringConvertible {
    let limit: Duration

    var description: String { "no answer within \(self.limit)" }
}

/// Cancels `body` and throws `TimedOut` if it takes longer than the limit.
func withTimeout<Result: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw TimedOut(limit: limit)
        }
        defer { group.cancelAll() }
        guard let first = try await group.next() else { throw CancellationError() }
        return first
    }
}
