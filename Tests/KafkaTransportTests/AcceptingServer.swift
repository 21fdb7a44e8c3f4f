// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport
import Testing

/// A listener with its own loop, for tests that implement the peer with a `RawPeer`.
///
/// It starts the accepted connections with the given recorders, one for each connection, in order.
final class AcceptingServer: Sendable {
    let loop: EventLoop
    let listener: Listener
    private let accepted: Lock<Accepted>

    private struct Accepted {
        var channels: [SocketChannel] = []
        var waiter: (count: Int, continuation: CheckedContinuation<Void, Never>)?
    }

    init(
        limit: Int = 16 << 20, options: SocketOptions = SocketOptions(),
        onAccept: @escaping @Sendable (SocketChannel) -> Void
    ) throws {
        let accepted = Lock(Accepted())
        self.accepted = accepted
        self.loop = try EventLoop(name: "server")
        self.listener = try Listener(
            port: 0, loop: self.loop, maximumFrameSize: limit, options: options
        ) { channel in
            onAccept(channel)
            let waiter = accepted.withLock { state -> CheckedContinuation<Void, Never>? in
                state.channels.append(channel)
                guard let waiter = state.waiter, state.channels.count >= waiter.count else { return nil }
                state.waiter = nil
                return waiter.continuation
            }
            waiter?.resume()
        }
    }

    /// Waits until this many channels have been accepted, and returns them.
    func channels(_ count: Int) async -> [SocketChannel] {
        await withCheckedContinuation { continuation in
            let isThere = self.accepted.withLock { state in
                if state.channels.count >= count { return true }
                state.waiter = (count, continuation)
                return false
            }
            if isThere { continuation.resume() }
        }
        return self.accepted.withLock { $0.channels }
    }

    func end() async {
        self.loop.shutdown()
        await self.loop.ended()
    }
}

/// Runs `body` with a recorder for one connection and its raw peer.
func withPeer(
    recorder: Recorder = Recorder(), limit: Int = 16 << 20, options: SocketOptions = SocketOptions(),
    _ body: (_ peer: RawPeer, _ channel: SocketChannel, _ recorder: Recorder) async throws -> Void
) async throws {
    let server = try AcceptingServer(limit: limit, options: options) { $0.start(recorder) }
    let peer = try RawPeer(port: server.listener.port)
    let channel = try #require(await server.channels(1).first)
    try await body(peer, channel, recorder)
    peer.close()
    await server.end()
    // Every channel is closed with its loop at the latest, and its handler is notified exactly once.
    await recorder.wait { _, closed in closed != nil }
    #expect(recorder.closeCalls == 1)
}
