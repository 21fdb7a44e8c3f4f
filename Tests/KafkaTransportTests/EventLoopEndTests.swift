// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import Testing

@testable import KafkaTransport

/// The end of a loop must leave no task waiting.
@Suite(.timeLimit(.minutes(2))) struct EventLoopEndTests {
    @Test func workSubmittedBeforeTheShutdownRuns() async throws {
        let loop = try EventLoop(name: "test")
        let ran = Lock(0)
        loop.execute {
            for _ in 0..<1000 { loop.execute { ran.withLock { $0 += 1 } } }
            loop.shutdown()
        }
        await loop.ended()
        #expect(ran.withLock { $0 } == 1000)
    }

    @Test func remainingTimersRunEarlyInOrder() async throws {
        let loop = try EventLoop(name: "test")
        let order = Lock<[Int]>([])
        for hours in [3, 1, 2] {
            loop.schedule(after: .seconds(3600 * hours)) { order.withLock { $0.append(hours) } }
        }
        loop.shutdown()
        await loop.ended()
        #expect(order.withLock { $0 } == [1, 2, 3])
    }

    /// A test's clock would stand still until the loop's owner is gone, who may wait for the clock.
    @Test func aThreadThatWakesALoopAfterItsEndLeavesItIdle() async throws {
        let loop = try EventLoop(name: "test")
        loop.shutdown()
        await loop.ended()
        loop.core.poller.wake()
        #expect(loop.core.isIdle)
        await withCheckedContinuation { continuation in loop.execute { continuation.resume() } }
        await loop.ended()
        #expect(loop.core.isIdle)
    }

    @Test func workSubmittedAfterTheEndRunsAsOnTheLoop() async throws {
        let loop = try EventLoop(name: "test")
        loop.shutdown()
        await loop.ended()
        for _ in 0..<100 {
            let isInLoop = await withCheckedContinuation { continuation in
                loop.execute { continuation.resume(returning: loop.isInLoop) }
            }
            #expect(isInLoop)
        }
        // Timers still fire on time: an ended loop must not make tasks spin that wait repeatedly.
        let deadline = loop.now + .milliseconds(20)
        await withCheckedContinuation { continuation in loop.schedule(at: deadline) { continuation.resume() } }
        #expect(loop.now >= deadline)
        await loop.ended()
    }

    @Test func aTimerCancelledAfterTheEndKeepsNoThread() async throws {
        let loop = try EventLoop(name: "test")
        loop.shutdown()
        await loop.ended()
        let timer = loop.schedule(after: .seconds(3600)) {}
        // So that the thread is asleep or about to be.
        await withCheckedContinuation { continuation in loop.execute { continuation.resume() } }
        timer.cancel()
        await loop.ended()
    }

    @Test func aReleasedLoopEnds() async throws {
        var loop: EventLoop? = try EventLoop(name: "test")
        await withCheckedContinuation { continuation in
            loop?.schedule(after: .seconds(3600)) { continuation.resume() }
            loop = nil
        }
    }

    @Test func aLoopMayBeReleasedOnItsOwnThread() async throws {
        final class Owner: Sendable {
            let loop: EventLoop
            init() throws { self.loop = try EventLoop(name: "test") }
        }
        await withCheckedContinuation { continuation in
            guard let owner = try? Owner() else { return continuation.resume() }
            owner.loop.schedule(after: .seconds(3600)) { continuation.resume() }
            owner.loop.execute { [owner] in withExtendedLifetime(owner) {} }
        }
    }

    @Test func sleepEndsOnTimeOnTheLoop() async throws {
        let loop = try EventLoop(name: "test")
        defer { loop.shutdown() }
        let deadline = loop.now + .milliseconds(5)
        try await loop.sleep(until: deadline)
        #expect(loop.now >= deadline)
        try await loop.sleep(for: .seconds(-1))
    }

    @Test func cancellingATaskEndsItsSleep() async throws {
        let loop = try EventLoop(name: "test")
        defer { loop.shutdown() }
        let task = Task { try await loop.sleep(for: .seconds(3600)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func shuttingDownEndsSleepsWithAnError() async throws {
        let loop = try EventLoop(name: "test")
        await withTaskGroup(of: Bool.self) { group in
            for preferred in [true, false] {
                for _ in 0..<50 {
                    group.addTask(executorPreference: preferred ? loop : nil) {
                        do {
                            try await loop.sleep(for: .seconds(3600))
                            return false
                        } catch {
                            return true
                        }
                    }
                }
            }
            loop.shutdown()
            for await hasThrown in group { #expect(hasThrown) }
        }
        await loop.ended()
    }

    @Test func channelsAndListenersEndWithTheirLoop() async throws {
        let loop = try EventLoop(name: "test")
        let sides = [Recorder(), Recorder()]
        let listener = try Listener(port: 0, loop: loop, maximumFrameSize: 10) { $0.start(sides[0]) }
        let channel = try await SocketChannel.connect(
            host: "127.0.0.1", port: listener.port, loop: loop, timeout: .seconds(10), maximumFrameSize: 10)
        let unstarted = try await SocketChannel.connect(
            host: "127.0.0.1", port: listener.port, loop: loop, timeout: .seconds(10), maximumFrameSize: 10)
        channel.start(sides[1])
        loop.shutdown()
        await sides[1].wait { _, closed in closed != nil }
        #expect(sides[1].closed == .closedLocally)
        #expect(sides[1].closeCalls == 1)
        await loop.ended()

        // A channel started now is notified at once, and new ones can't be created.
        let late = Recorder()
        unstarted.start(late)
        await late.wait { _, closed in closed != nil }
        #expect(late.closed == .closedLocally)
        await #expect(throws: TransportError.self) {
            _ = try await SocketChannel.connect(
                host: "127.0.0.1", port: listener.port, loop: loop, timeout: .seconds(10), maximumFrameSize: 10)
        }
        #expect(throws: TransportError.closedLocally) {
            _ = try Listener(port: 0, loop: loop, maximumFrameSize: 10) { _ in }
        }
    }

    #if os(Linux)
    @Test func loopsLeakNoDescriptors() async throws {
        let before = try openDescriptors()
        for _ in 0..<600 {
            let loop = try EventLoop(name: "test")
            loop.shutdown()
            await loop.ended()
        }
        // Two descriptors a loop; the last threads may not have closed theirs yet.
        #expect(try openDescriptors() < before + 300)
    }
    #endif
}
