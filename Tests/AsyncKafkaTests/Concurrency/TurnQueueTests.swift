// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(1))) struct TurnQueueTests {
    private let clock = TestClock()
    private static let late = KafkaError(.timedOut, "Too late.")

    private func withLoop(_ body: (EventLoop) async throws -> Void) async throws {
        let loop = try EventLoop(name: "turns", clock: self.clock.loopClock)
        try await body(loop)
        loop.shutdown()
        await loop.ended()
    }

    @Test func oneCallerRunsAtATime() async throws {
        try await self.withLoop { loop in
            let queue = TurnQueue()
            let deadline = loop.now + .seconds(60)
            let running = Lock(0)
            let most = Lock(0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        try await queue.run(until: deadline, on: loop, orThrow: { Self.late }) {
                            () throws(KafkaError) in
                            let now = running.withLock { count in
                                count += 1
                                return count
                            }
                            most.withLock { $0 = max($0, now) }
                            await Task.yield()
                            running.withLock { $0 -= 1 }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(most.withLock { $0 } == 1)
        }
    }

    /// A caller that gives up, by its deadline or its cancellation, takes nobody's turn.
    @Test(arguments: [false, true]) func callersThatGiveUpAreSkipped(isCancelled: Bool) async throws {
        try await self.withLoop { loop in
            let queue = TurnQueue()
            let gate = Promise<Void>()
            let hasBegun = Promise<Void>()
            let start = loop.now
            let first = Task {
                try await queue.run(until: start, on: loop, orThrow: { Self.late }) { () throws(KafkaError) in
                    hasBegun.fulfill(.success(()))
                    try await gate.value()
                }
            }
            try await hasBegun.value()
            let second = Task {
                try await queue.run(until: start + .seconds(5), on: loop, orThrow: { Self.late }) {
                    () throws(KafkaError) in Issue.record("ran though it had given up")
                }
            }
            if isCancelled { second.cancel() } else { await self.clock.advance(by: .seconds(5)) }
            let given = await second.result
            let error = #expect(throws: KafkaError.self) { try given.get() }
            #expect(error?.code == (isCancelled ? .cancelled : .timedOut))
            let third = Task {
                try await queue.run(until: start + .seconds(500), on: loop, orThrow: { Self.late }) {
                    () throws(KafkaError) in 3
                }
            }
            gate.fulfill(.success(()))
            try await first.value
            #expect(try await third.value == 3)
        }
    }

    @Test func anErrorPassesTheTurnOn() async throws {
        try await self.withLoop { loop in
            let queue = TurnQueue()
            let deadline = loop.now + .seconds(60)
            await #expect(throws: KafkaError.self) {
                try await queue.run(until: deadline, on: loop, orThrow: { Self.late }) {
                    () throws(KafkaError) in throw KafkaError(.closed, "closed")
                }
            }
            let value = try await queue.run(until: deadline, on: loop, orThrow: { Self.late }) {
                () throws(KafkaError) in 1
            }
            #expect(value == 1)
        }
    }
}
