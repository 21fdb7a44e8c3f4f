// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Runs `body` beside a client's `run()`. When `body` has ended, `end` asks the client to end, and that is waited for; an error
/// of `body` comes before one of `run()`.
func withBackgroundRun<Result>(
    _ run: @escaping @Sendable () async throws -> Void, end: () -> Void, _ body: () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Void.self) { group in
        // Without the loop as its executor: `run()` only waits for its own children, which it starts on the loop.
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
