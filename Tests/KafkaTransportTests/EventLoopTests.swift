// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport
import Testing

@Suite(.timeLimit(.minutes(2))) struct EventLoopTests {
    @Test func workRunsInOrderOnTheLoopsThread() async throws {
        let loop = try EventLoop(name: "test")
        defer { loop.shutdown() }
        let order = Lock<[Int]>([])
        let onLoop = await withCheckedContinuation { continuation in
            for index in 0..<1000 { loop.execute { order.withLock { $0.append(index) } } }
            loop.execute { continuation.resume(returning: loop.isInLoop) }
        }
        #expect(onLoop)
        #expect(!loop.isInLoop)
        #expect(order.withLock { $0 } == Array(0..<1000))
    }

    @Test func timersRunByDeadlineAndThenInOrderOfCreation() async throws {
        let loop = try EventLoop(name: "test")
        defer { loop.shutdown() }
        let order = Lock<[Int]>([])
        let start = loop.now
        await withCheckedContinuation { continuation in
            loop.execute {
                for index in [5, 1, 4, 2, 3] {
                    _ = loop.schedule(at: start + .milliseconds(Int64(index))) { order.withLock { $0.append(index) } }
                }
                _ = loop.schedule(at: start + .milliseconds(3)) { order.withLock { $0.append(30) } }
                _ = loop.schedule(at: start + .milliseconds(6)) { continuation.resume() }
            }
        }
        #expect(order.withLock { $0 } == [1, 2, 3, 30, 4, 5])
        #expect(loop.now >= start + .milliseconds(6))
    }

    @Test func aCancelledTimerDoesNothingAndReleasesItsClosure() async throws {
        final class Held: Sendable {}
        let loop = try EventLoop(name: "test")
        defer { loop.shutdown() }
        let fired = Lock(0)
        weak var held: Held?
        do {
            let object = Held()
            held = object
            let timer = loop.schedule(after: .seconds(3600)) { withExtendedLifetime(object) {} }
            timer.cancel()
            timer.cancel()
        }
        #expect(held == nil)
        // Cancelled timers must not accumulate: the heap is cleaned as it fills with them.
        for _ in 0..<100_000 { loop.schedule(after: .seconds(3600)) { fired.withLock { $0 += 1 } }.cancel() }
        await withCheckedContinuation { continuation in
            _ = loop.schedule(after: .milliseconds(1)) { continuation.resume() }
        }
        #expect(fired.withLock { $0 } == 0)
    }

    @Test func aTaskThatPrefersTheLoopRunsOnItsThreadEvenAfterWaiting() async throws {
        let loop = try EventLoop(name: "test")
        defer { loop.shutdown() }
        let places = await withTaskGroup(of: [Bool].self) { group in
            group.addTask(executorPreference: loop) {
                var places = [loop.isInLoop]
                await withCheckedContinuation { continuation in
                    _ = loop.schedule(after: .milliseconds(1)) { continuation.resume() }
                }
                places.append(loop.isInLoop)
                await Task.yield()
                places.append(loop.isInLoop)
                return places
            }
            return await group.next() ?? []
        }
        #expect(places == [true, true, true])
    }

    @Test func tasksEndEvenIfTheirLoopIsShutDownFirst() async throws {
        let loop = try EventLoop(name: "test")
        let started = Lock<CheckedContinuation<Void, Never>?>(nil)
        let task = Task(executorPreference: loop) {
            await withCheckedContinuation { continuation in started.withLock { $0 = continuation } }
            return 42
        }
        while started.withLock({ $0 == nil }) { await Task.yield() }
        loop.shutdown()
        loop.shutdown()
        started.withLock { $0 }?.resume()
        #expect(await task.value == 42)
    }
}
