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

/// How a channel handles incoming bytes from any kind of peer.
@Suite(.serialized, .timeLimit(.minutes(2))) struct FrameReceivingTests {
    @Test func manyFramesInOneReadArriveInOrder() async throws {
        try await withPeer { peer, _, recorder in
            let bodies = (0..<3000).map { Array("frame \($0)".utf8) }
            try peer.send(bodies.flatMap { framed($0) })
            await recorder.wait { frames, _ in frames.count == bodies.count }
            #expect(recorder.frames.map { Array($0) } == bodies)
        }
    }

    @Test func aFrameMayArriveByteByByte() async throws {
        try await withPeer { peer, _, recorder in
            for byte in framed("slowly".utf8) + framed("".utf8) { try peer.send([byte]) }
            await recorder.wait { frames, _ in frames.count == 2 }
            #expect(recorder.frames == ["slowly", ""])
        }
    }

    @Test(
        arguments: [
            [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28],
            Array("HTTP/1.1 400 Bad Request\r\n".utf8),
            [0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4],
        ] as [[UInt8]])
    func anInvalidFrameClosesTheChannelAndIsReported(bytes: [UInt8]) async throws {
        try await withPeer { peer, _, recorder in
            try peer.send(framed("first".utf8) + bytes)
            await recorder.wait { _, closed in closed != nil }
            #expect(recorder.frames == ["first"], "what came before is handed out")
            guard case .frameTooLarge(_, 16_777_216, let firstBytes) = recorder.closed else {
                Issue.record("\(String(describing: recorder.closed))")
                return
            }
            #expect(firstBytes.starts(with: bytes.prefix(7)))
            // The peer sees the end of the connection.
            #expect((try? peer.receive(1)) ?? [] == [])
        }
    }

    // The sanitizer has its own address space.
    #if os(Linux) && !THREAD_SANITIZER
    @Test func framesWithALengthOfTwoGigabytesTakeNoMemory() async throws {
        func addressSpace() throws -> Int {
            let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmSize") })
            return try #require(Int(line.filter(\.isNumber))) << 10
        }
        let recorder = Recorder()
        let server = try AcceptingServer(limit: Int(Int32.max)) { $0.start(recorder) }
        let before = try addressSpace()
        var peers: [RawPeer] = []
        for _ in 0..<50 {
            let peer = try RawPeer(port: server.listener.port)
            // The claimed length has been processed when the frame before it is delivered.
            try peer.send(framed("x".utf8) + [0x7f, 0xff, 0xff, 0xff, 1, 2, 3])
            peers.append(peer)
        }
        await recorder.wait { frames, _ in frames.count == 50 }
        #expect(try addressSpace() - before < 2 << 30, "100 GB were claimed")
        await server.end()
        withExtendedLifetime(peers) {}
    }
    #endif

    @Test func framesBeforeThePeersEndAreReceived() async throws {
        try await withPeer { peer, _, recorder in
            try peer.send(framed("last words".utf8))
            peer.endSending()
            await recorder.wait { _, closed in closed != nil }
            #expect(recorder.frames == ["last words"])
            #expect(recorder.closed == .closedByPeer)
        }
    }

    @Test func anIncompleteFrameAtThePeersEndIsDropped() async throws {
        try await withPeer { peer, _, recorder in
            try peer.send([0, 0, 0, 5, 1, 2])
            peer.close()
            await recorder.wait { _, closed in closed != nil }
            #expect(recorder.frames.isEmpty)
            #expect(recorder.closed == .closedByPeer)
        }
    }

    @Test func aResetIsReported() async throws {
        try await withPeer { peer, _, recorder in
            try peer.send(framed("x".utf8))
            await recorder.wait { frames, _ in frames.count == 1 }
            peer.reset()
            await recorder.wait { _, closed in closed != nil }
            #expect(recorder.closed == .reset(errno: ECONNRESET))
        }
    }

    @Test func aPausedHandlerGetsNoFurtherFrameUntilItResumes() async throws {
        let channel = Lock<SocketChannel?>(nil)
        let recorder = Recorder { _ in channel.withLock { $0 }?.pauseReading() }
        let server = try AcceptingServer { accepted in
            channel.withLock { $0 = accepted }
            accepted.start(recorder)
        }
        let peer = try RawPeer(port: server.listener.port)
        // All frames arrive in one read; one is delivered for each resumption.
        try peer.send((0..<20).flatMap { framed([UInt8($0)]) })
        peer.endSending()
        let accepted = try #require(await server.channels(1).first)
        for count in 1...20 {
            await recorder.wait { frames, _ in frames.count == count }
            // After another turn of the loop there is still only that one.
            await withCheckedContinuation { continuation in server.loop.execute { continuation.resume() } }
            #expect(recorder.frames.count == count)
            #expect(recorder.closed == nil)
            accepted.resumeReading()
        }
        await recorder.wait { _, closed in closed != nil }
        #expect(recorder.closed == .closedByPeer)
        channel.withLock { $0 = nil }
        await server.end()
    }

    @Test func aHandlerThatClosesGetsNoFurtherFrame() async throws {
        let channel = Lock<SocketChannel?>(nil)
        let recorder = Recorder { _ in channel.withLock { $0 }?.close() }
        let server = try AcceptingServer { accepted in
            channel.withLock { $0 = accepted }
            accepted.start(recorder)
        }
        let peer = try RawPeer(port: server.listener.port)
        try peer.send((0..<20).flatMap { framed([UInt8($0)]) })
        await recorder.wait { _, closed in closed != nil }
        #expect(recorder.frames.count == 1)
        #expect(recorder.closed == .closedLocally)
        channel.withLock { $0 = nil }
        await server.end()
        #expect(recorder.closeCalls == 1)
    }

    @Test func lastReceivedIsTheTimeOfThePeersLastBytes() async throws {
        try await withPeer { peer, channel, recorder in
            let made = channel.lastReceived
            let before = LoopClock.system.now
            try peer.send(framed("x".utf8))
            await recorder.wait { frames, _ in frames.count == 1 }
            #expect(made <= before)
            #expect(channel.lastReceived >= before)
            #expect(channel.lastReceived <= LoopClock.system.now)
        }
    }
}
