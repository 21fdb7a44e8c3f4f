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

/// Back-pressure, and the ways in which a connection ends.
@Suite(.serialized, .timeLimit(.minutes(2))) struct SendingAndClosingTests {
    private let megabyte = Bytes(Array(repeating: 7, count: 1 << 20))

    @Test func bytesQueuedForASlowReaderAreCountedAndTheirFlushIsReported() async throws {
        let flushed = Lock(0)
        let recorder = Recorder(onFlush: { flushed.withLock { $0 += 1 } })
        try await withPeer(recorder: recorder) { peer, channel, _ in
            for _ in 0..<20 { channel.send { [self.megabyte] } }
            #expect(channel.queuedBytes > 0, "20 MiB don't fit into the system's buffers")
            #expect(flushed.withLock { $0 } == 0)
            let received = try peer.receive(20 * (4 + (1 << 20)))
            #expect(received == Array(repeating: framed(Array(self.megabyte)), count: 20).flatMap { $0 })
            while flushed.withLock({ $0 }) == 0 { await Task.yield() }
            #expect(channel.queuedBytes == 0)
            // Bytes that are written at once aren't queued.
            channel.send { ["x"] }
            #expect(try peer.receive(5) == framed("x".utf8))
            #expect(flushed.withLock { $0 } == 1)
        }
    }

    @Test func aFrameOfManySlicesIsSentWhole() async throws {
        try await withPeer { peer, channel, _ in
            let slices = (0..<1000).map { Bytes("slice \($0);") }
            channel.send { slices }
            channel.sendUnframed { ["as it is"] }
            let frame = try peer.receive(slices.reduce(4) { $0 + $1.count })
            let rest = try peer.receive(8)
            #expect(frame == framed(slices.flatMap { $0 }))
            #expect(rest == Array("as it is".utf8))
        }
    }

    @Test func framesSentBeforeTheStartAreNotLost() async throws {
        let recorder = Recorder()
        let server = try AcceptingServer { channel in
            for _ in 0..<8 { channel.send { [self.megabyte] } }
            channel.start(recorder)
        }
        let peer = try RawPeer(port: server.listener.port)
        #expect(try peer.receive(8 * (4 + (1 << 20))).count == 8 * (4 + (1 << 20)))
        await server.end()
    }

    /// Closing a socket with unread bytes makes the system discard what the peer has not read yet.
    @Test func closingGracefullyDeliversTheLastAnswerWhileThePeerKeepsSending() async throws {
        try await withPeer { peer, channel, recorder in
            try peer.send(framed("first".utf8))
            await recorder.wait { frames, _ in frames.count == 1 }
            channel.pauseReading()
            try peer.send(framed(Array(repeating: 1, count: 100_000)))
            for _ in 0..<4 { channel.send { [self.megabyte] } }
            channel.closeAfterFlushing(within: .seconds(60))
            channel.send { ["too late"] }
            try peer.send(framed(Array(repeating: 2, count: 1 << 20)))
            let all = try peer.receive(5 << 20)
            #expect(all.count == 4 * (4 + (1 << 20)), "all of it, and then the end")
            peer.close()
            await recorder.wait { _, closed in closed != nil }
            #expect(recorder.closed == .closedLocally)
            #expect(recorder.frames.count == 1)
        }
    }

    @Test(arguments: [0, 20])
    func closingGracefullyHasATimeLimit(queuedMegabytes: Int) async throws {
        try await withPeer { peer, channel, recorder in
            for _ in 0..<queuedMegabytes { channel.send { [self.megabyte] } }
            channel.closeAfterFlushing(within: .milliseconds(30))
            // The peer neither reads nor closes.
            await recorder.wait { _, closed in closed != nil }
            #expect(recorder.closed == .closedLocally)
            withExtendedLifetime(peer) {}
        }
    }

    /// A broker that refuses a connection sends the reason and closes. Even if the next write fails before the loop has
    /// read the reason, it must be read.
    @Test func aFailedWriteDoesNotHideEarlierBytesOfThePeer() async throws {
        let recorder = Recorder()
        let server = try AcceptingServer { $0.start(recorder) }
        let peer = try RawPeer(port: server.listener.port)
        let channel = await server.channels(1)[0]
        let busy = DispatchSemaphore(value: 0)
        server.loop.execute { busy.wait() }
        channel.send { ["a question"] }
        _ = try peer.receive(14)
        try peer.send(framed("the reason".utf8))
        peer.reset()
        // When sending fails, the reset has arrived. Nothing is sent from then on.
        var isAsked = true
        while isAsked {
            isAsked = false
            channel.send {
                isAsked = true
                return ["another"]
            }
        }
        busy.signal()
        await recorder.wait { _, closed in closed != nil }
        #expect(recorder.frames == ["the reason"])
        guard case .reset = recorder.closed else {
            Issue.record("\(String(describing: recorder.closed))")
            return
        }
        await server.end()
    }

    @Test func aPausedChannelWithoutAPeerDoesNotKeepTheLoopBusy() async throws {
        let recorder = Recorder()
        let server = try AcceptingServer { channel in
            channel.pauseReading()
            channel.start(recorder)
        }
        let peer = try RawPeer(port: server.listener.port)
        let channel = await server.channels(1)[0]
        try peer.send(framed("x".utf8))
        peer.reset()
        let before = await server.loop.processorTime
        // This isn't a wait for an event, but time in which a spinning loop would use the processor.
        try await Task.sleep(for: .milliseconds(300))
        let used = await server.loop.processorTime - before
        #expect(used < .milliseconds(150))
        #expect(recorder.closed == nil)
        channel.resumeReading()
        await recorder.wait { _, closed in closed != nil }
        await server.end()
    }

    @Test func startingAClosedChannelReportsTheEndOnce() async throws {
        let recorder = Recorder()
        let server = try AcceptingServer { channel in
            channel.close()
            // Once while closing, once when closed.
            channel.start(recorder)
        }
        let first = try RawPeer(port: server.listener.port)
        await recorder.wait { _, closed in closed != nil }
        #expect(try first.receive(1) == [])
        let late = Recorder()
        await server.channels(1)[0].start(late)
        await late.wait { _, closed in closed != nil }
        await server.end()
        #expect(recorder.closeCalls == 1)
        #expect(late.closeCalls == 1)
    }

    @Test func anUnstartedChannelIsClosedWhenReleased() async throws {
        let loop = try EventLoop(name: "test")
        let listener = try Listener(port: 0, loop: loop, maximumFrameSize: 1) { _ in }
        let peer = try RawPeer(port: listener.port)
        #expect(try peer.receive(1) == [])
        loop.shutdown()
    }

    /// The system reuses descriptor numbers immediately. A write or a registration after the close would affect another
    /// connection, which would then receive wrong frames.
    @Test func closingWhileOtherThreadsSendAffectsNoOtherSocket() async throws {
        let loop = try EventLoop(name: "client")
        // Each connection sends its number in every frame; the server checks that it receives no other.
        let mixedUp = Lock(0)
        let server = try AcceptingServer { channel in
            let first = Lock<Bytes?>(nil)
            channel.start(
                Recorder { frame in
                    let number = frame[0..<2]
                    let isOther = first.withLock { first in
                        defer { first = first ?? number }
                        return first != nil && first != number
                    }
                    if isOther { mixedUp.withLock { $0 += 1 } }
                })
        }
        let port = server.listener.port
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    for round in 0..<60 {
                        let channel = try await SocketChannel.connect(
                            host: "127.0.0.1", port: port, loop: loop, timeout: .seconds(60), maximumFrameSize: 100)
                        let recorder = Recorder()
                        channel.start(recorder)
                        let frame = Bytes([UInt8(worker), UInt8(round)] + Array(repeating: 0, count: 3000))
                        await withTaskGroup(of: Void.self) { senders in
                            for _ in 0..<2 {
                                senders.addTask {
                                    for _ in 0..<50 { channel.send { [frame] } }
                                }
                            }
                            senders.addTask {
                                channel.pauseReading()
                                channel.resumeReading()
                                if round % 2 == 0 { channel.close() } else { channel.closeAfterFlushing() }
                            }
                        }
                        channel.close()
                        await recorder.wait { _, closed in closed != nil }
                        #expect(recorder.closeCalls == 1)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(mixedUp.withLock { $0 } == 0)
        loop.shutdown()
        await server.end()
    }
}
