// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaMemory
import KafkaTestSupport
import KafkaTransport
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct ConnectTests {
    private func withLoop(_ body: (EventLoop) async throws -> Void) async throws {
        let loop = try EventLoop(name: "test")
        try await body(loop)
        loop.shutdown()
        await loop.ended()
    }

    private func resolver(_ addresses: [(host: String, port: Int)]) throws -> NameResolver {
        let found = try addresses.map { try #require(SocketAddress.numeric(host: $0.host, port: $0.port)) }
        return NameResolver(maximumThreads: 1) { _, _ in .success(found) }
    }

    private func closedPort(on loop: EventLoop) throws -> Int {
        let listener = try Listener(port: 0, loop: loop, maximumFrameSize: 1) { _ in }
        listener.close()
        return listener.port
    }

    @Test func addressesAreTriedInTurnEvenAfterASilentOne() async throws {
        try await self.withLoop { loop in
            let silent = try SilentPort()
            let listener = try Listener(port: 0, loop: loop, maximumFrameSize: 1) { $0.start(Recorder()) }
            // The first address, from IPv6's documentation prefix, is unreachable.
            let resolver = try self.resolver([
                ("2001:db8::1", 1), ("127.0.0.1", try self.closedPort(on: loop)), ("127.0.0.1", silent.port),
                ("127.0.0.1", listener.port),
            ])
            let channel = try await SocketChannel.connect(
                host: "kafka.example", port: 9092, loop: loop, timeout: .seconds(6), maximumFrameSize: 1,
                resolver: resolver)
            #expect(channel.remoteAddress?.description == "127.0.0.1:\(listener.port)")
            withExtendedLifetime(silent) {}
        }
    }

    @Test func silentAddressesDoNotUseUpTheTime() async throws {
        try await self.withLoop { loop in
            let silent = try SilentPort()
            let listener = try Listener(port: 0, loop: loop, maximumFrameSize: 1) { $0.start(Recorder()) }
            let ports = [silent.port, silent.port, listener.port]
            let resolver = try self.resolver(ports.map { ("127.0.0.1", $0) })
            let begin = loop.now
            let channel = try await SocketChannel.connect(
                host: "kafka.example", port: 9092, loop: loop, timeout: .seconds(90), maximumFrameSize: 1,
                resolver: resolver)
            #expect(channel.remoteAddress?.port == listener.port)
            // One after the other, each would have had 30 seconds.
            #expect(loop.now - begin < .seconds(20))
            withExtendedLifetime(silent) {}
        }
    }

    @Test func onlySilentAddressesEndWithTheSetUpTimeout() async throws {
        try await self.withLoop { loop in
            let silent = try SilentPort()
            let resolver = try self.resolver([("127.0.0.1", silent.port), ("127.0.0.1", silent.port)])
            let address = "127.0.0.1:\(silent.port)"
            await #expect(
                throws: TransportError.connectTimedOut(
                    host: "kafka.example", port: 9092, addresses: [address, address])
            ) {
                _ = try await SocketChannel.connect(
                    host: "kafka.example", port: 9092, loop: loop, timeout: .milliseconds(600), maximumFrameSize: 1,
                    resolver: resolver)
            }
        }
    }

    @Test func whenNoAddressAnswersTheErrorNamesThemAll() async throws {
        try await self.withLoop { loop in
            let port = try self.closedPort(on: loop)
            let resolver = try self.resolver([("127.0.0.1", port), ("127.0.0.2", port)])
            let error = await #expect(throws: TransportError.self) {
                _ = try await SocketChannel.connect(
                    host: "kafka.example", port: 9092, loop: loop, timeout: .seconds(60), maximumFrameSize: 1,
                    resolver: resolver)
            }
            #expect(
                error
                    == .cannotConnect(
                        host: "kafka.example", port: 9092, errno: ECONNREFUSED,
                        addresses: ["127.0.0.1:\(port)", "127.0.0.2:\(port)"]))
            let text = String(describing: try #require(error))
            #expect(text.contains("kafka.example:9092 (127.0.0.1:\(port), 127.0.0.2:\(port))"))
            #expect(text.contains("refused"))
        }
    }

    @Test func aSilentAddressEndsWithTheSetUpTimeout() async throws {
        try await self.withLoop { loop in
            let silent = try SilentPort()
            await #expect(
                throws: TransportError.connectTimedOut(
                    host: "127.0.0.1", port: silent.port, addresses: ["127.0.0.1:\(silent.port)"])
            ) {
                _ = try await SocketChannel.connect(
                    host: "127.0.0.1", port: silent.port, loop: loop, timeout: .milliseconds(50), maximumFrameSize: 1)
            }
        }
    }

    @Test func cancellingAndShuttingDownEndAnUnansweredAttempt() async throws {
        let loop = try EventLoop(name: "test")
        let silent = try SilentPort()
        let port = silent.port
        let attempts = (0..<2).map { _ in
            Task {
                try await SocketChannel.connect(
                    host: "127.0.0.1", port: port, loop: loop, timeout: .seconds(3600), maximumFrameSize: 1)
            }
        }
        attempts[0].cancel()
        await #expect(throws: TransportError.cancelled) { _ = try await attempts[0].value }
        loop.shutdown()
        await #expect(throws: TransportError.self) { _ = try await attempts[1].value }
        await loop.ended()
    }

    @Test func listeningOnAnOccupiedPortFails() async throws {
        try await self.withLoop { loop in
            let listener = try Listener(port: 0, loop: loop, maximumFrameSize: 1) { _ in }
            let error = #expect(throws: TransportError.self) {
                _ = try Listener(port: listener.port, loop: loop, maximumFrameSize: 1) { _ in }
            }
            guard case .system(let call, EADDRINUSE) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(call.contains("127.0.0.1:\(listener.port)"))
            listener.close()
            // The port is free again as soon as the listener is closed.
            try Listener(port: listener.port, loop: loop, maximumFrameSize: 1) { _ in }.close()
        }
    }

    #if os(Linux)
    @Test func connectionsThatLoseTheRaceAreClosed() async throws {
        try await self.withLoop { loop in
            let silent = try SilentPort()
            let listener = try Listener(port: 0, loop: loop, maximumFrameSize: 1) { $0.start(Recorder()) }
            let port = silent.port
            let before = try openDescriptors()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<30 {
                    group.addTask {
                        let resolver = try self.resolver(
                            [port, port, port, listener.port].map { ("127.0.0.1", $0) })
                        let channel = try await SocketChannel.connect(
                            host: "kafka.example", port: 9092, loop: loop, timeout: .seconds(60), maximumFrameSize: 1,
                            resolver: resolver)
                        channel.close()
                    }
                }
                try await group.waitForAll()
            }
            // The winning connections may not be closed yet on both sides.
            #expect(try openDescriptors() < before + 75)
            withExtendedLifetime(silent) {}
        }
    }

    @Test func failedAttemptsLeakNoDescriptors() async throws {
        try await self.withLoop { loop in
            let silent = try SilentPort()
            let refused = try self.closedPort(on: loop)
            let before = try openDescriptors()
            for _ in 0..<600 {
                for (port, timeout) in [(refused, Duration.seconds(60)), (silent.port, .zero)] {
                    await #expect(throws: TransportError.self) {
                        _ = try await SocketChannel.connect(
                            host: "127.0.0.1", port: port, loop: loop, timeout: timeout, maximumFrameSize: 1)
                    }
                }
            }
            #expect(try openDescriptors() < before + 300)
        }
    }
    #endif
}
