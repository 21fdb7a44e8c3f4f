// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// Accepts connections on a port.
package final class Listener: Sendable {
    private let socket: Socket
    private let loop: EventLoop
    private let tls: TLSContext?
    private let maximumFrameSize: Int
    private let options: SocketOptions
    private let onAccept: @Sendable (SocketChannel) -> Void
    /// The listener's state. Its lock also guards the descriptor.
    private let state = Lock(State())
    /// The port, which the system chose if 0 was requested.
    package let port: Int

    private struct State {
        var token: UInt64?
        var watched = Interest.nothing
        var isClosed = false
    }

    /// The maximum number of connections to accept before other sockets are served.
    private static let acceptsInATurn = 64
    private static let handshakeTimeout = Duration.seconds(10)

    /// Listens on a numeric address until `close` is called or the loop ends. With port 0 the system chooses a free
    /// port.
    ///
    /// `onAccept` is called on the loop's thread with channels that are not started, after the handshake if `tls` is
    /// set.
    package init(
        host: String = "127.0.0.1", port: Int, tls: TLSContext? = nil, loop: EventLoop, maximumFrameSize: Int,
        backlog: Int = 1024,
        options: SocketOptions = SocketOptions(), onAccept: @escaping @Sendable (SocketChannel) -> Void
    ) throws(TransportError) {
        guard let address = SocketAddress.numeric(host: host, port: port) else {
            throw .cannotResolve(host: host, reason: "to listen takes a numeric address and a port up to 65535")
        }
        let socket = try Socket.make(family: address.family, options: options)
        do {
            try socket.listen(on: address, backlog: Int32(clamping: backlog))
        } catch {
            socket.close()
            throw error
        }
        self.socket = socket
        self.loop = loop
        self.tls = tls
        self.maximumFrameSize = maximumFrameSize
        self.options = options
        self.onAccept = onAccept
        self.port = socket.localAddress?.port ?? port
        try self.state.withLock { state throws(TransportError) in
            state.token = try loop.core.watch(socket.descriptor, interest: .reading, handler: self)
            state.watched = .reading
        }
    }

    deinit {
        // The loop retains a listener until it is closed, so this one could not be watched.
        self.close()
    }

    /// Stops listening. Accepted connections stay open. Can be called from any thread, and more than once.
    package func close() {
        self.state.withLock { state in
            guard !state.isClosed else { return }
            state.isClosed = true
            if let token = state.token {
                self.loop.core.unwatch(self.socket.descriptor, token: token, interest: state.watched)
            }
            self.socket.close()
        }
    }
}

extension Listener: SocketEventHandler {
    func socketReady(_ event: SocketEvent) {
        for _ in 0..<Self.acceptsInATurn {
            switch self.state.withLock({ $0.isClosed ? .wouldBlock : self.socket.accept(self.options) }) {
            case .socket(let socket):
                self.open(socket)
            case .wouldBlock:
                return
            case .failed:
                self.pause()
                return
            }
        }
    }

    func loopEnds() {
        self.close()
    }

    private func open(_ socket: Socket) {
        guard let tls = self.tls else {
            self.onAccept(SocketChannel(socket: socket, loop: self.loop, maximumFrameSize: self.maximumFrameSize))
            return
        }
        guard let session = try? TLSSession(tls, host: nil, port: 0, socket: socket) else {
            socket.close()
            return
        }
        let deadline = self.loop.now + Self.handshakeTimeout
        TLSHandshake.begin(session, on: socket, loop: self.loop, deadline: deadline) { result in
            guard case .success = result else {
                socket.close()
                return
            }
            let channel = SocketChannel(
                socket: socket, transform: session, loop: self.loop, maximumFrameSize: self.maximumFrameSize)
            self.loop.execute { self.onAccept(channel) }
        }
    }

    /// Stops watching for a moment. The process has probably run out of descriptors, and the backlog would wake the
    /// loop repeatedly.
    private func pause() {
        self.setInterest(.nothing)
        self.loop.schedule(after: .milliseconds(100)) { [weak self] in
            self?.setInterest(.reading)
        }
    }

    private func setInterest(_ interest: Interest) {
        self.state.withLock { state in
            guard !state.isClosed, let token = state.token else { return }
            do throws(TransportError) {
                try self.loop.core.update(self.socket.descriptor, token: token, from: state.watched, to: interest)
                state.watched = interest
            } catch {
                // This only fails if the system is out of memory, and the next pause tries again.
            }
        }
    }
}
