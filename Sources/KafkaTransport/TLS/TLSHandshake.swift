// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// The TLS handshake on a connected socket. The caller owns the socket and closes it if the handshake fails.
final class TLSHandshake: SocketEventHandler {
    typealias Completion = @Sendable (Result<Void, TransportError>) -> Void

    private let loop: EventLoop
    private let session: TLSSession
    /// The socket and its registration, until the handshake ends.
    private let watched: Lock<Watched?>
    private let timer = Lock<LoopTimer?>(nil)
    private let completion: Completion

    private struct Watched {
        let socket: Socket
        var token: UInt64?
        var interest: Interest
    }

    private init(
        _ session: TLSSession, _ socket: Socket, _ loop: EventLoop, _ completion: @escaping Completion
    ) {
        self.loop = loop
        self.session = session
        self.watched = Lock(Watched(socket: socket, interest: .nothing))
        self.completion = completion
    }

    /// Starts the handshake. `completion` is called exactly once, on any thread.
    @discardableResult
    static func begin(
        _ session: TLSSession, on socket: Socket, loop: EventLoop, deadline: MonotonicTime,
        completion: @escaping Completion
    ) -> TLSHandshake {
        let handshake = TLSHandshake(session, socket, loop, completion)
        let timer = loop.schedule(at: deadline) { handshake.end(.failure(.tls(.timedOut))) }
        handshake.timer.withLock { $0 = timer }
        handshake.advance()
        return handshake
    }

    /// Performs the handshake, or throws the reason for its failure.
    static func perform(
        _ session: TLSSession, on socket: Socket, loop: EventLoop, deadline: MonotonicTime
    ) async throws(TransportError) {
        let outcome = FirstResult<Result<Void, TransportError>>()
        let handshake = Self.begin(session, on: socket, loop: loop, deadline: deadline) { outcome.give($0) }
        let result = await outcome.value(whenCancelled: .failure(.cancelled))
        handshake.end(result)
        try result.get()
    }

    /// Ends the handshake with `result`, unless it has already ended.
    private func end(_ result: Result<Void, TransportError>) {
        let isFirst = self.watched.withLock { watched in
            defer { self.unwatch(&watched) }
            return watched != nil
        }
        guard isFirst else { return }
        self.timer.withLock { $0 }?.cancel()
        self.completion(result)
    }

    private func advance() {
        let outcome: Result<Void, TransportError>? = self.watched.withLock { watched in
            guard let current = watched else { return nil }
            switch self.session.handshake(on: current.socket) {
            case .done:
                return .success(())
            case .failed(let error):
                return .failure(error)
            case .waiting:
                do throws(TransportError) {
                    try self.watch(&watched)
                    return nil
                } catch {
                    return .failure(error)
                }
            }
        }
        if let outcome { self.end(outcome) }
    }

    /// Watches for input, and for room to send if bytes are unsent.
    private func watch(_ watched: inout Watched?) throws(TransportError) {
        guard var current = watched else { return }
        let interest = Interest(read: true, write: self.session.hasUnsentBytes)
        if let token = current.token {
            try self.loop.core.update(current.socket.descriptor, token: token, from: current.interest, to: interest)
        } else {
            current.token = try self.loop.core.watch(current.socket.descriptor, interest: interest, handler: self)
        }
        current.interest = interest
        watched = current
    }

    private func unwatch(_ watched: inout Watched?) {
        if let current = watched, let token = current.token {
            self.loop.core.unwatch(current.socket.descriptor, token: token, interest: current.interest)
        }
        watched = nil
    }

    func socketReady(_ event: SocketEvent) {
        self.advance()
    }

    func loopEnds() {
        self.end(.failure(.closedLocally))
    }
}
