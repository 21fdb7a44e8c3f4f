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

@Suite(.timeLimit(.minutes(1))) struct PromiseTests {
    @Test func theFirstResultCounts() async throws {
        let promise = Promise<Int>()
        #expect(!promise.isFulfilled)
        #expect(promise.fulfill(.success(1)))
        #expect(!promise.fulfill(.success(2)))
        #expect(promise.isFulfilled)
        #expect(try await promise.value() == 1)
    }

    @Test func aWaitingTaskGetsTheResult() async throws {
        let promise = Promise<Int>()
        async let value = promise.value()
        promise.fulfill(.success(3))
        #expect(try await value == 3)
    }

    @Test func aCancelledTaskStopsWaitingAndALaterResultIsRefused() async {
        let promise = Promise<Int>()
        let task = Task { try await promise.value() }
        task.cancel()
        let result = await task.result
        #expect(throws: KafkaError.self) { try result.get() }
        #expect(!promise.fulfill(.success(1)))
    }

    @Test func theDeadlineEndsTheWaitWithItsError() async throws {
        let clock = TestClock()
        let loop = try EventLoop(name: "promise", clock: clock.loopClock)
        let promise = Promise<Int>()
        let deadline = loop.now + .seconds(300)
        let task = Task {
            try await promise.value(until: deadline, on: loop) { KafkaError(.timedOut, "Too late.") }
        }
        await clock.advance(by: .seconds(299))
        #expect(!promise.isFulfilled)
        while !promise.isFulfilled { await clock.advance(by: .seconds(1)) }
        let result = await task.result
        let error = #expect(throws: KafkaError.self) { try result.get() }
        #expect(error?.code == .timedOut)
        loop.shutdown()
        await loop.ended()
    }
}
