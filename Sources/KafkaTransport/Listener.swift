// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// Takes connections that come in on a port.
package final class Listener: Sendable {
    private let socket: Socket
    private let loop: EventLoop
    private let maximumFrameSize: Int
    private let onAccept: @Sendable (SocketChannel) -> Void
    private let state: Lock<State>
    /// The port, also where it was chosen by the system.
    package let port: Int

    private struct State {
        var token: UInt64?
        var isClosed = false
    }

    /// Listens on an address; port 0 lets the system choose a free one. `onAccept` is called on the loop's thread with
    /// channels that have yet to be started.
    package init(
        host: String = "127.0.0.1", port: Int, loop: EventLoop, maximumFrameSize: Int,
        onAccept: @escaping @Sendable (SocketChannel) -> Void
    ) throws(TransportError) {
        guard let address = try SocketAddress.numeric(host: host, port: port).first else {
            throw .cannotResolve(host: host, reason: "it is no address")
        }
        let socket = try Socket.make(family: address.family)
        do {
            try socket.listen(on: address)
        } catch {
            socket.close()
            throw error
        }
        self.socket = socket
        self.loop = loop
        self.maximumFrameSize = maximumFrameSize
        self.onAccept = onAccept
        self.port = socket.localAddress?.port ?? port
        self.state = Lock(State())
        let token = try loop.watch(socket.descriptor, interest: Interest(read: true, write: false), handler: self)
        self.state.withLock { $0.token = token }
    }

    deinit {
        if !self.state.withLock({ $0.isClosed }) { self.socket.close() }
    }

    /// Stops listening. Connections that were taken live on.
    package func close() {
        let (isFirst, token) = self.state.withLock { state in
            defer { state.isClosed = true }
            return (!state.isClosed, state.token)
        }
        guard isFirst else { return }
        if let token { self.loop.unwatch(self.socket.descriptor, token: token) }
        self.socket.close()
    }
}

extension Listener: SocketEventHandler {
    func socketReady(_ event: SocketEvent) {
        while true {
            let accepted = self.state.withLock { $0.isClosed ? .wouldBlock : self.socket.accept() }
            switch accepted {
            case .socket(let socket):
                self.onAccept(SocketChannel(socket: socket, loop: self.loop, maximumFrameSize: self.maximumFrameSize))
            case .wouldBlock:
                return
            case .failed:
                self.pause()
                return
            }
        }
    }

    /// Out of descriptors, most likely. The backlog would wake the loop again and again: look away for a moment.
    private func pause() {
        self.setInterest(Interest(read: false, write: false))
        _ = self.loop.schedule(after: .milliseconds(100)) { [weak self] in
            self?.setInterest(Interest(read: true, write: false))
        }
    }

    private func setInterest(_ interest: Interest) {
        self.state.withLock { state in
            guard !state.isClosed, let token = state.token else { return }
            self.loop.poller.update(self.socket.descriptor, token: token, interest: interest)
        }
    }
}
