// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import Testing

@testable import KafkaTransport

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// A wait for sent bytes to be flushed ends, whichever call flushes them.
@Suite(.timeLimit(.minutes(1))) struct FlushNoticeTests {
    /// Like TLS: accepts all bytes, and sends them when the socket has room.
    private final class Delaying: ByteTransform {
        private struct State {
            var isBlocked = true
            var unsent = 0
        }

        private let state = Lock(State())

        func unblock() { self.state.withLock { $0.isBlocked = false } }

        func receive(from socket: Socket, into target: UnsafeMutableRawBufferPointer) -> ByteTransformOutcome {
            ByteTransformOutcome(socket.receive(into: target))
        }

        func send(_ pieces: UnsafeMutableBufferPointer<iovec>, to socket: Socket) -> ByteTransformOutcome {
            let count = pieces.reduce(0) { $0 + $1.iov_len }
            self.state.withLock { $0.unsent = $0.isBlocked ? $0.unsent + count : 0 }
            return .done(count)
        }

        func flush(to socket: Socket) -> ByteTransformOutcome {
            self.state.withLock { if !$0.isBlocked { $0.unsent = 0 } }
            return .done(0)
        }

        func endSending(to socket: Socket) {}
        var hasUnsentBytes: Bool { self.state.withLock { $0.unsent > 0 } }
        var hasBufferedInput: Bool { false }
        var hasEnded: Bool { false }
    }

    /// The call that flushes the last bytes.
    enum Cause: CaseIterable {
        case anotherFrame
        case reading
    }

    @Test(arguments: Cause.allCases) func aFlushByAnotherCallIsReported(_ cause: Cause) async throws {
        let loop = try EventLoop(name: "flush")
        defer { loop.shutdown() }
        var ends: [Int32] = [0, 0]
        #if canImport(Glibc)
        let type = Int32(SOCK_STREAM.rawValue)
        #else
        let type = SOCK_STREAM
        #endif
        try #require(socketpair(AF_UNIX, type, 0, &ends) == 0)
        // The socket's own buffer stays full, so the loop is never notified that it could write.
        for end in ends { _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK) }
        let filler = [UInt8](repeating: 0, count: 65_536)
        while write(ends[0], filler, filler.count) > 0 {}
        let peer = ends[1]
        defer { close(peer) }

        let transform = Delaying()
        let channel = SocketChannel(
            socket: Socket(descriptor: ends[0]), transform: transform, loop: loop, maximumFrameSize: 1000)
        let isFlushed = Lock(false)
        let recorder = Recorder(onFlush: { isFlushed.withLock { $0 = true } })
        channel.start(recorder)
        channel.send { ["first"] }
        #expect(channel.whenNothingIsQueued { true } == nil)
        transform.unblock()
        switch cause {
        case .anotherFrame:
            channel.send { ["second"] }
        case .reading:
            let frame: [UInt8] = [0, 0, 0, 1, 7]
            #expect(write(peer, frame, frame.count) == frame.count)
        }
        while !isFlushed.withLock({ $0 }) { await Task.yield() }
        #expect(channel.whenNothingIsQueued { true } == true)
        channel.close()
        await recorder.wait { _, closed in closed != nil }
    }
}
