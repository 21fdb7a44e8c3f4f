// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

extension SocketChannel {
    /// Connects to a host: looks its name up and tries its addresses in turn, all within `timeout`. With `tls`, the handshake
    /// is part of it.
    package static func connect(
        host: String, port: Int, tls: TLSContext? = nil, loop: EventLoop, timeout: Duration, maximumFrameSize: Int,
        options: SocketOptions = SocketOptions(), resolver: NameResolver = .shared
    ) async throws(TransportError) -> SocketChannel {
        var attempts = try await resolver.attempts(host: host, port: port, on: loop, deadline: loop.now + timeout)
        var failures: [TransportError] = []
        while let attempt = attempts.next(now: loop.now) {
            do throws(TransportError) {
                let channel = try await Self.connect(
                    to: attempt, host: host, port: port, tls: tls, loop: loop, maximumFrameSize: maximumFrameSize,
                    options: options)
                resolver.note(attempt.address, isGood: true)
                return channel
            } catch {
                guard error.mayDependOnAddress else { throw error }
                if attempts.addresses.count > 1 { resolver.note(attempt.address, isGood: false) }
                failures.append(error)
            }
        }
        throw TransportError.summary(
            of: failures, host: host, port: port, addresses: attempts.addresses.map(\.description))
    }

    /// Connects to one address of a host. With `tls`, the handshake is part of it.
    package static func connect(
        to attempt: AddressAttempts.Attempt, host: String, port: Int, tls: TLSContext? = nil, loop: EventLoop,
        maximumFrameSize: Int, options: SocketOptions = SocketOptions()
    ) async throws(TransportError) -> SocketChannel {
        let tried = [attempt.address.description]
        switch try await ConnectionAttempt.connect(to: attempt.address, options, on: loop, deadline: attempt.deadline) {
        case .connected(let socket):
            guard let tls else {
                return SocketChannel(socket: socket, loop: loop, maximumFrameSize: maximumFrameSize)
            }
            let session = try await Self.secure(
                socket, tls, host: host, port: port, loop: loop, deadline: attempt.deadline)
            return SocketChannel(socket: socket, transform: session, loop: loop, maximumFrameSize: maximumFrameSize)
        case .failed(let code):
            throw .cannotConnect(host: host, port: port, errno: code, addresses: tried)
        case .timedOut:
            throw .connectTimedOut(host: host, port: port, addresses: tried)
        case .cancelled:
            throw .cancelled
        case .loopEnded:
            throw .closedLocally
        }
    }
}

extension TransportError {
    /// Whether another address of the same name may do better.
    package var mayDependOnAddress: Bool {
        switch self {
        case .cancelled, .closedLocally, .cannotResolve, .tls(.configuration): false
        default: true
        }
    }

    /// One error for addresses that all failed: the one that says the most, of somebody who answered, if anybody has.
    fileprivate static func summary(
        of failures: [TransportError], host: String, port: Int, addresses: [String]
    ) -> TransportError {
        var code: Int32?
        for failure in failures.reversed() {
            switch failure {
            case .cannotConnect(_, _, let errno, _): code = code ?? errno
            case .connectTimedOut: break
            default: return failure
            }
        }
        guard let code else { return .connectTimedOut(host: host, port: port, addresses: addresses) }
        return .cannotConnect(host: host, port: port, errno: code, addresses: addresses)
    }
}

extension SocketChannel {
    /// TLS on a socket that is connected; closes it if there is none.
    private static func secure(
        _ socket: Socket, _ tls: TLSContext, host: String, port: Int, loop: EventLoop, deadline: MonotonicTime
    ) async throws(TransportError) -> TLSSession {
        do throws(TransportError) {
            let session = try TLSSession.make(tls, host: host, port: port, socket: socket)
            try await TLSHandshake.perform(session, on: socket, loop: loop, deadline: deadline)
            return session
        } catch {
            socket.close()
            throw error
        }
    }
}

/// One attempt to connect to one address. Whoever waits for it owns the socket, and alone closes it.
private final class ConnectionAttempt: SocketEventHandler {
    enum Outcome: Sendable {
        case connected(Socket)
        case failed(Int32)
        case timedOut
        case cancelled
        case loopEnded
    }

    private let loop: EventLoop
    private let outcome = FirstResult<Outcome>()
    /// The socket with its registration, while it is watched.
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
            // Without IPv6, say. Another address may do.
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
        // Under the lock, so that an event finds the token.
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
