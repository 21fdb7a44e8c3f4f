// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// An attempt to connect to one address. The waiting task owns the socket and is the only one to close it.
final class ConnectionAttempt: SocketEventHandler {
    enum Outcome: Sendable {
        case connected(Socket)
        case failed(Int32)
        case timedOut
        case cancelled
        case loopEnded
    }

    private let loop: EventLoop
    private let outcome = FirstResult<Outcome>()
    /// The socket and its registration while it is watched.
    private let watched = Lock<(socket: Socket, token: UInt64)?>(nil)

    private init(loop: EventLoop) {
        self.loop = loop
    }

    static func connect(
        to address: SocketAddress, _ options: SocketOptions, on loop: EventLoop, deadline: MonotonicTime
    ) async throws(TransportError) -> Outcome {
        let socket: Socket
        do {
            socket = try Socket.make(family: address.family, options: options)
        } catch .system(_, let code) {
            // For example, there is no IPv6. Another address may work.
            return .failed(code)
        }
        switch socket.connect(to: address) {
        case .done:
            return .connected(socket)
        case .failed(let code):
            socket.close()
            return .failed(code)
        case .wouldBlock:
            let outcome: Outcome
            do {
                outcome = try await ConnectionAttempt(loop: loop).wait(for: socket, deadline: deadline)
            } catch {
                socket.close()
                throw error
            }
            if case .connected = outcome { return outcome }
            socket.close()
            return outcome
        }
    }

    private func wait(for socket: Socket, deadline: MonotonicTime) async throws(TransportError) -> Outcome {
        // Registers under the lock, so that an event finds the token.
        try self.watched.withLock { watched throws(TransportError) in
            let token = try self.loop.core.watch(socket.descriptor, interest: .writing, handler: self)
            watched = (socket, token)
        }
        let timer = self.loop.schedule(at: deadline) { self.outcome.give(.timedOut) }
        let outcome = await self.outcome.value(whenCancelled: .cancelled)
        timer.cancel()
        self.watched.withLock { watched in
            self.unwatch(&watched)
        }
        return outcome
    }

    private func unwatch(_ watched: inout (socket: Socket, token: UInt64)?) {
        guard let (socket, token) = watched else { return }
        self.loop.core.unwatch(socket.descriptor, token: token, interest: .writing)
        watched = nil
    }

    func socketReady(_ event: SocketEvent) {
        let outcome: Outcome? = self.watched.withLock { watched in
            guard let socket = watched?.socket else { return nil }
            let code = socket.pendingError
            self.unwatch(&watched)
            return code == 0 ? .connected(socket) : .failed(code)
        }
        if let outcome { self.outcome.give(outcome) }
    }

    func loopEnds() {
        self.outcome.give(.loopEnded)
    }
}
