// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaMemory
import KafkaTransport
import Testing

@Suite(.timeLimit(.minutes(2))) struct NameResolverTests {
    private let address = SocketAddress.numeric(host: "127.0.0.1", port: 9092)

    @Test func numericAddressesAreNotLookedUp() async throws {
        let loop = try EventLoop(name: "test")
        defer { loop.shutdown() }
        let resolver = NameResolver(maximumThreads: 1) { host, _ in
            .failure(.cannotResolve(host: host, reason: "asked"))
        }
        let deadline = loop.now + .seconds(10)
        let v4 = try await resolver.resolve(host: "127.0.0.1", port: 9092, on: loop, deadline: deadline)
        #expect(v4.map(\.description) == ["127.0.0.1:9092"])
        let v6 = try await resolver.resolve(host: "::1", port: 1, on: loop, deadline: deadline)
        #expect(v6.map(\.description) == ["[::1]:1"])
        #expect(v6.map(\.port) == [1])
    }

    @Test func localhostIsResolvedAndInvalidNamesAreNot() async throws {
        let loop = try EventLoop(name: "test")
        defer { loop.shutdown() }
        let deadline = loop.now + .seconds(60)
        let addresses = try await NameResolver.shared.resolve(host: "localhost", port: 80, on: loop, deadline: deadline)
        #expect(!addresses.isEmpty)
        #expect(addresses.allSatisfy { ["127.0.0.1", "::1"].contains($0.host) })
        for (host, port) in [("no-such-host.invalid", 1), ("localhost", 65_536), ("localhost", -1), ("", 1)] {
            let error = await #expect(throws: TransportError.self) {
                _ = try await NameResolver.shared.resolve(host: host, port: port, on: loop, deadline: deadline)
            }
            guard case .cannotResolve(host, _) = error else {
                Issue.record("\(host):\(port): \(String(describing: error))")
                continue
            }
        }
    }

    @Test func aHangingLookUpIsAwaitedUntilTheDeadlineOnly() async throws {
        let loop = try EventLoop(name: "test")
        let released = DispatchSemaphore(value: 0)
        let asked = Lock<[String]>([])
        let address = try #require(self.address)
        let resolver = NameResolver(maximumThreads: 2) { host, _ in
            asked.withLock { $0.append(host) }
            if host.hasPrefix("hangs") { released.wait() }
            return .success([address])
        }
        // Two look-ups hang and occupy both threads. The others never get a thread, and end nevertheless.
        await withTaskGroup(of: TransportError?.self) { group in
            for name in ["hangs-1", "hangs-2", "waits-1", "waits-2"] {
                // Enough time for its thread to start, if it gets one.
                let limit = Duration.milliseconds(name.hasPrefix("hangs") ? 2000 : 50)
                group.addTask {
                    do throws(TransportError) {
                        _ = try await resolver.resolve(
                            host: name, port: 1, on: loop, deadline: loop.now + limit)
                        return nil
                    } catch {
                        return error
                    }
                }
                // The hanging look-ups come first.
                if name.hasPrefix("hangs") {
                    while !asked.withLock({ $0.contains(name) }) { await Task.yield() }
                }
            }
            for await error in group {
                guard case .cannotResolve = error else {
                    Issue.record("\(String(describing: error))")
                    continue
                }
            }
        }
        released.signal()
        released.signal()
        // The threads continue with look-ups that are still wanted, and skip abandoned ones.
        let found = try await resolver.resolve(host: "later", port: 1, on: loop, deadline: loop.now + .seconds(60))
        #expect(found.count == 1)
        #expect(asked.withLock { $0 } == ["hangs-1", "hangs-2", "later"])
        loop.shutdown()
    }

    @Test func cancellingAndShuttingDownEndTheWait() async throws {
        let loop = try EventLoop(name: "test")
        let released = DispatchSemaphore(value: 0)
        let address = try #require(self.address)
        let resolver = NameResolver(maximumThreads: 2) { _, _ in
            released.wait()
            return .success([address])
        }
        let cancelled = Task {
            try await resolver.resolve(host: "a", port: 1, on: loop, deadline: loop.now + .seconds(3600))
        }
        cancelled.cancel()
        await #expect(throws: TransportError.cancelled) { _ = try await cancelled.value }
        let shutDown = Task {
            try await resolver.resolve(host: "b", port: 1, on: loop, deadline: loop.now + .seconds(3600))
        }
        loop.shutdown()
        released.signal()
        released.signal()
        // Either its thread was released first, or the loop ended first.
        do {
            _ = try await shutDown.value
        } catch let error as TransportError {
            guard case .cannotResolve = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test func manyLookUpsShareAFewThreads() async throws {
        let loop = try EventLoop(name: "test")
        defer { loop.shutdown() }
        let running = Lock((now: 0, most: 0))
        let address = try #require(self.address)
        let resolver = NameResolver(maximumThreads: 3) { _, _ in
            running.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
            sched_yield()
            running.withLock { $0.now -= 1 }
            return .success([address])
        }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<200 {
                group.addTask {
                    try await resolver.resolve(
                        host: "host-\(index)", port: 1, on: loop, deadline: loop.now + .seconds(60)
                    ).count
                }
            }
            for try await count in group { #expect(count == 1) }
        }
        #expect((1...3).contains(running.withLock { $0.most }))
    }
}
