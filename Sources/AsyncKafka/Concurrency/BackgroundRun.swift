// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Runs `body` beside a client's `run()`. When `body` ends, calls `end` to shut the client down and waits for `run()`
/// to return. An error from `body` takes precedence over one from `run()`.
func withBackgroundRun<Result>(
    _ run: @escaping @Sendable () async throws -> Void, end: () -> Void, _ body: () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Void.self) { group in
        // No preference for the loop: `run()` only waits for its own children, which it starts on the loop.
        group.addTask { try await run() }
        let result: Result
        do {
            result = try await body()
        } catch {
            end()
            _ = await group.nextResult()
            throw error
        }
        end()
        try await group.waitForAll()
        return result
    }
}
