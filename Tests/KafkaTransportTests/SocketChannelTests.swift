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

@Suite(.serialized, .timeLimit(.minutes(2))) struct SocketChannelTests {
    /// Runs `body` with a server and a client's channel to it, on separate loops.
    private func withPair(
        limit: Int = 16 << 20, tls: Bool = false,
        _ body: (_ client: SocketChannel, _ clientSide: Recorder, _ server: SocketChannel, _ serverSide: Recorder)
            async throws -> Void
    ) async throws {
        let serverLoop = try EventLoop(name: "server")
        let clientLoop = try EventLoop(name: "client")
        defer {
            serverLoop.shutdown()
            clientLoop.shutdown()
        }
        let accepted = Lock<SocketChannel?>(nil)
        let serverSide = Recorder()
        let contexts = tls ? try TLSContexts() : nil
        let listener = try Listener(
            port: 0, tls: contexts?.server, loop: serverLoop, maximumFrameSize: limit
        ) { channel in
            accepted.withLock { $0 = channel }
            channel.start(serverSide)
        }
        defer { listener.close() }
        let client = try await SocketChannel.connect(
            host: "127.0.0.1", port: listener.port, tls: contexts?.client, loop: clientLoop, timeout: .seconds(10),
            maximumFrameSize: limit)
        let clientSide = Recorder()
        client.start(clientSide)
        while accepted.withLock({ $0 == nil }) { await Task.yield() }
        let server = try #require(accepted.withLock { $0 })
        try await body(client, clientSide, server, serverSide)
        client.close()
        server.close()
        await clientSide.wait { _, closed in closed != nil }
        await serverSide.wait { _, closed in closed != nil }
        #expect(clientSide.closeCalls == 1)
        #expect(serverSide.closeCalls == 1)
    }

    @Test(arguments: [false, true]) func framesOfAllSizesArriveInOrderInBothDirections(tls: Bool) async throws {
        let sizes = [0, 1, 100, 65_535, 65_536, 5_000_000, 3, 1 << 20, 7]
        let frames = sizes.map { size in Bytes((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ size) }) }
        try await self.withPair(tls: tls) { client, clientSide, server, serverSide in
            for frame in frames { client.send { [frame[0..<frame.count / 2], frame[frame.count / 2..<frame.count]] } }
            await serverSide.wait { received, _ in received.count == frames.count }
            #expect(serverSide.frames == frames)
            for frame in serverSide.frames.reversed() { server.send { [frame] } }
            await clientSide.wait { received, _ in received.count == frames.count }
            #expect(clientSide.frames == frames.reversed())
        }
    }

    /// Waking the loop for each TLS record of a frame would cost more than encrypting it.
    @Test(arguments: [false, true]) func framesThatTheSocketAcceptsAreWrittenAtOnce(tls: Bool) async throws {
        try await self.withPair(tls: tls) { client, _, _, serverSide in
            let frame = Bytes(Array(repeating: 7, count: 48 << 10))
            client.send { [frame] }
            #expect(client.queuedBytes == 0)
            await serverSide.wait { received, _ in received.count == 1 }
            #expect(serverSide.frames == [frame])
        }
    }

    @Test(arguments: [false, true]) func framesFromManyThreadsStayWholeAndInOrder(tls: Bool) async throws {
        try await self.withPair(tls: tls) { client, _, _, serverSide in
            let noted = Lock<[Bytes]>([])
            await withTaskGroup(of: Void.self) { group in
                for sender in 0..<8 {
                    group.addTask {
                        for index in 0..<250 {
                            let frame = Bytes([UInt8(sender)] + Array(repeating: UInt8(index), count: 1 + index * 40))
                            client.send {
                                noted.withLock { $0.append(frame) }
                                return [frame]
                            }
                        }
                    }
                }
            }
            await serverSide.wait { received, _ in received.count == 2000 }
            #expect(serverSide.frames == noted.withLock { $0 })
        }
    }

    @Test(arguments: [false, true]) func aPausedReaderBlocksTheSenderWithoutLoss(tls: Bool) async throws {
        try await self.withPair(tls: tls) { client, _, server, serverSide in
            server.pauseReading()
            let frame = Bytes(Array(repeating: 7, count: 1 << 20))
            for _ in 0..<20 { client.send { [frame] } }
            #expect(client.queuedBytes > 0, "20 MiB don't fit into the system's buffers")
            #expect(serverSide.frames.count <= 1)
            server.resumeReading()
            await serverSide.wait { received, _ in received.count == 20 }
            #expect(serverSide.frames.allSatisfy { $0 == frame })
            while client.queuedBytes > 0 { await Task.yield() }
        }
    }

    @Test(arguments: [false, true]) func thePeersEndIsReported(tls: Bool) async throws {
        try await self.withPair(tls: tls) { client, clientSide, server, _ in
            server.close()
            await clientSide.wait { _, closed in closed != nil }
            #expect(clientSide.closed == .closedByPeer)
            let called = Lock(false)
            client.send {
                called.withLock { $0 = true }
                return []
            }
            #expect(!called.withLock { $0 }, "nothing is sent on a closed channel")
        }
    }

    @Test(arguments: [false, true]) func closingAfterFlushingDeliversWhatIsQueued(tls: Bool) async throws {
        try await self.withPair(tls: tls) { client, _, server, serverSide in
            server.pauseReading()
            let frame = Bytes(Array(repeating: 7, count: 1 << 20))
            for _ in 0..<20 { client.send { [frame] } }
            client.closeAfterFlushing()
            server.resumeReading()
            await serverSide.wait { _, closed in closed != nil }
            #expect(serverSide.frames.count == 20)
            #expect(serverSide.closed == .closedByPeer)
        }
    }

    @Test func aFrameAboveTheLimitClosesTheChannel() async throws {
        try await self.withPair(limit: 1000) { client, _, _, serverSide in
            client.send { [Bytes(Array(repeating: 1, count: 1000))] }
            client.send { [Bytes(Array(repeating: 2, count: 1001))] }
            await serverSide.wait { _, closed in closed != nil }
            #expect(serverSide.frames.count == 1)
            #expect(serverSide.closed == .frameAboveLimit(length: 1001, limit: 1000))
        }
    }

    @Test func aClosedPortIsAnErrorThatNamesTheAddress() async throws {
        let loop = try EventLoop(name: "client")
        defer { loop.shutdown() }
        let listener = try Listener(port: 0, loop: loop, maximumFrameSize: 1) { _ in }
        let port = listener.port
        listener.close()
        let error = await #expect(throws: TransportError.self) {
            _ = try await SocketChannel.connect(
                host: "127.0.0.1", port: port, loop: loop, timeout: .seconds(10), maximumFrameSize: 1)
        }
        guard case .cannotConnect("127.0.0.1", port, _, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func theAddressesOfANameAreTriedInTurn() async throws {
        // localhost is ::1 and 127.0.0.1 on most machines; the listener has only the second.
        let loop = try EventLoop(name: "client")
        defer { loop.shutdown() }
        let listener = try Listener(port: 0, loop: loop, maximumFrameSize: 1) { $0.close() }
        defer { listener.close() }
        let channel = try await SocketChannel.connect(
            host: "localhost", port: listener.port, loop: loop, timeout: .seconds(10), maximumFrameSize: 1)
        channel.close()
    }

    @Test func anUnknownHostNameIsAnErrorThatSaysSo() async throws {
        let loop = try EventLoop(name: "client")
        defer { loop.shutdown() }
        let error = await #expect(throws: TransportError.self) {
            _ = try await SocketChannel.connect(
                host: "no-such-host.invalid", port: 1, loop: loop, timeout: .seconds(20), maximumFrameSize: 1)
        }
        switch error {
        case .cannotResolve("no-such-host.invalid", _): break
        default: Issue.record("\(String(describing: error))")
        }
    }

    @Test func cancellingEndsAnAttemptToConnect() async throws {
        let loop = try EventLoop(name: "client")
        defer { loop.shutdown() }
        let task = Task {
            try await SocketChannel.connect(
                host: "no-such-host.invalid", port: 1, loop: loop, timeout: .seconds(60), maximumFrameSize: 1)
        }
        task.cancel()
        await #expect(throws: TransportError.self) { _ = try await task.value }
    }

    #if os(Linux)
    @Test func connectionsLeakNoDescriptors() async throws {
        let loop = try EventLoop(name: "both")
        defer { loop.shutdown() }
        let listener = try Listener(port: 0, loop: loop, maximumFrameSize: 10) { $0.start(Recorder()) }
        defer { listener.close() }
        let before = try openDescriptors()
        for _ in 0..<200 {
            let channel = try await SocketChannel.connect(
                host: "127.0.0.1", port: listener.port, loop: loop, timeout: .seconds(10), maximumFrameSize: 10)
            let side = Recorder()
            channel.start(side)
            channel.close()
            await side.wait { _, closed in closed != nil }
        }
        // The server learns of the last few ends a little later.
        while try openDescriptors() > before + 10 { await Task.yield() }
    }
    #endif
}
