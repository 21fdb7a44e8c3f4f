// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport
import Testing

@Suite(.timeLimit(.minutes(1))) struct BlockingThreadsTests {
    /// Blocks a thread until it is opened.
    private final class Gate: Sendable {
        private let isOpen = Lock(false)
        let entered = AsyncStream.makeStream(of: Void.self)

        func pass() {
            self.entered.continuation.yield()
            while !self.isOpen.withLock({ $0 }) {}
        }

        func open() { self.isOpen.withLock { $0 = true } }
    }

    @Test func resultsAndErrorsComeBack() async throws {
        struct Failure: Error {}
        let threads = BlockingThreads(named: "test", maximum: 2)
        let values = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<50 { group.addTask { try await threads.run { index } } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(values == Set(0..<50))
        await #expect(throws: Failure.self) { try await threads.run { throw Failure() } }
    }

    @Test func cancellationEndsTheWaitAndPreventsACallThatHasNotBegun() async throws {
        let threads = BlockingThreads(named: "test", maximum: 1)
        let gate = Gate()
        defer { gate.open() }
        let blocked = Task { try await threads.run { gate.pass() } }
        var entered = gate.entered.stream.makeAsyncIterator()
        await entered.next()
        let hasBegun = Lock(false)
        let waiting = Task { try await threads.run { hasBegun.withLock { $0 = true } } }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        blocked.cancel()
        await #expect(throws: CancellationError.self) { try await blocked.value }
        gate.open()
        try await threads.run {}
        #expect(!hasBegun.withLock { $0 })
    }
}
