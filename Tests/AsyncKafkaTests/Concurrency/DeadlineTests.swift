// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(1))) struct DeadlineTests {
    private let clock = TestClock()

    /// Waits until its task is cancelled, and then as long as `release` wants.
    private func hang(_ wasCancelled: Promise<Void>, _ release: Promise<Void>) async {
        await withTaskCancellationHandler {
            try? await Task { try await release.value() }.value
        } onCancel: {
            wasCancelled.fulfill(.success(()))
        }
    }

    @Test func aResultInTimeIsReturned() async throws {
        let value = try await Deadline.run(.seconds(1), on: self.clock.loopClock) { 7 }
        #expect(value == 7)
    }

    @Test func anErrorInTimeIsThrown() async {
        struct Failure: Error {}
        await #expect(throws: Failure.self) {
            try await Deadline.run(.seconds(1), on: self.clock.loopClock) { throw Failure() }
        }
    }

    /// Code that ignores its cancellation is left behind, cancelled.
    @Test func theLimitEndsTheWaitForCodeThatHangs() async throws {
        let (wasCancelled, release) = (Promise<Void>(), Promise<Void>())
        let task = Task {
            try await Deadline.run(.seconds(600), on: self.clock.loopClock) { await self.hang(wasCancelled, release) }
        }
        let result = try await self.clock.passing(atMost: .seconds(700)) { await task.result }
        #expect(throws: Deadline.Passed.self) { try result.get() }
        try await wasCancelled.value()
        release.fulfill(.success(()))
    }

    @Test func cancellingTheCallerCancelsTheCodeAndEndsTheWait() async throws {
        let (wasCancelled, release) = (Promise<Void>(), Promise<Void>())
        let task = Task {
            try await Deadline.run(.seconds(600), on: self.clock.loopClock) { await self.hang(wasCancelled, release) }
        }
        task.cancel()
        let result = await task.result
        #expect(throws: CancellationError.self) { try result.get() }
        try await wasCancelled.value()
        release.fulfill(.success(()))
    }

    @Test func whatRunsToItsEndIsNotDisturbedByACancelledCaller() async throws {
        let (wasCancelled, release) = (Promise<Void>(), Promise<Void>())
        let task = Task {
            try await Deadline.runToEnd(.seconds(600), on: self.clock.loopClock) {
                await self.hang(wasCancelled, release)
                return 5
            }
        }
        task.cancel()
        release.fulfill(.success(()))
        #expect(try await task.value == 5)
    }
}
