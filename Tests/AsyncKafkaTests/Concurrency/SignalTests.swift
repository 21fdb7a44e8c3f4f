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

@Suite(.timeLimit(.minutes(1))) struct SignalTests {
    private let clock = TestClock()

    private func withLoop(_ body: (EventLoop) async throws -> Void) async throws {
        let loop = try EventLoop(name: "signal", clock: self.clock.loopClock)
        try await body(loop)
        loop.shutdown()
        await loop.ended()
    }

    @Test func aSignalBeforeTheWaitIsRemembered() async throws {
        try await self.withLoop { loop in
            let signal = Signal()
            signal.notify()
            signal.notify()
            // Returns at once: nobody else could wake it. Several signals are one.
            await signal.wait(on: loop)
            let deadline = loop.now + .seconds(60)
            let second = Task { await signal.wait(until: deadline, on: loop) }
            await self.clock.advance(by: .seconds(60))
            await second.value
        }
    }

    @Test func aSignalWakesTheWaitingTask() async throws {
        try await self.withLoop { loop in
            let signal = Signal()
            let rounds = 1000
            let counted = Task {
                for _ in 0..<rounds { await signal.wait(on: loop) }
                return rounds
            }
            let isDone = Lock(false)
            let notifying = Task {
                while !isDone.withLock({ $0 }) {
                    signal.notify()
                    await Task.yield()
                }
            }
            #expect(await counted.value == rounds)
            isDone.withLock { $0 = true }
            await notifying.value
        }
    }

    @Test func aCancelledTaskWaitsNoLonger() async throws {
        try await self.withLoop { loop in
            let signal = Signal()
            let task = Task { await signal.wait(on: loop) }
            task.cancel()
            await task.value
            // The next waiter isn't confused by the one that gave up.
            let next = Task { await signal.wait(on: loop) }
            signal.notify()
            await next.value
        }
    }
}
