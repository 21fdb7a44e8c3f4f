// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

extension SocketChannel {
    /// Connects to a host: looks its name up and tries its addresses in turn, all within `timeout`.
    package static func connect(
        host: String, port: Int, loop: EventLoop, timeout: Duration, maximumFrameSize: Int
    ) async throws(TransportError) -> SocketChannel {
        let attempt = ConnectionAttempt(loop: loop)
        let timer = loop.schedule(after: timeout) {
            attempt.end(.failure(.connectTimedOut(host: host, port: port)))
        }
        defer { timer.cancel() }
        attempt.begin(host: host, port: port)
        let socket = try await attempt.result()
        return SocketChannel(socket: socket, loop: loop, maximumFrameSize: maximumFrameSize)
    }
}

/// One attempt to connect: over the addresses of a name, until one answers, the time is up or the task is cancelled.
private final class ConnectionAttempt: Sendable, SocketEventHandler {
    private struct State {
        var addresses: [SocketAddress] = []
        var socket: Socket?
        var token: UInt64?
        var lastError: Int32 = 0
        var result: Result<Socket, TransportError>?
        var continuation: CheckedContinuation<Result<Socket, TransportError>, Never>?
    }

    private let loop: EventLoop
    private let state = Lock(State())

    init(loop: EventLoop) {
        self.loop = loop
    }

    func begin(host: String, port: Int) {
        SocketAddress.resolve(host: host, port: port) { result in
            // On the loop, where the rest happens: no two steps of an attempt at once.
            self.loop.execute {
                switch result {
                case .failure(let error):
                    self.end(.failure(error))
                case .success(let addresses):
                    self.state.withLock { $0.addresses = addresses.reversed() }
                    self.tryNext(host: host, port: port)
                }
            }
        }
    }

    func result() async throws(TransportError) -> Socket {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let result: Result<Socket, TransportError>? = self.state.withLock { state in
                    if state.result == nil { state.continuation = continuation }
                    return state.result
                }
                if let result { continuation.resume(returning: result) }
            }
        } onCancel: {
            self.end(.failure(.cancelled))
        }
        return try result.get()
    }

    private let place = Lock<(host: String, port: Int)>((host: "", port: 0))

    private func tryNext(host: String, port: Int) {
        self.place.withLock { $0 = (host: host, port: port) }
        while let address = self.state.withLock({ $0.result == nil ? $0.addresses.popLast() : nil }) {
            do throws(TransportError) {
                let socket = try Socket.make(family: address.family)
                switch socket.connect(to: address) {
                case .done:
                    self.end(.success(socket))
                    return
                case .failed(let code):
                    socket.close()
                    self.state.withLock { $0.lastError = code }
                case .wouldBlock:
                    let token = try self.loop.watch(
                        socket.descriptor, interest: Interest(read: false, write: true), handler: self)
                    let isOver = self.state.withLock { state in
                        guard state.result == nil else { return true }
                        state.socket = socket
                        state.token = token
                        return false
                    }
                    if isOver {
                        self.loop.unwatch(socket.descriptor, token: token)
                        socket.close()
                    }
                    return
                }
            } catch {
                self.end(.failure(error))
                return
            }
        }
        let code = self.state.withLock { $0.lastError }
        self.end(.failure(.cannotConnect(host: host, port: port, errno: code)))
    }

    func socketReady(_ event: SocketEvent) {
        let (socket, token) = self.state.withLock { state in
            defer {
                state.socket = nil
                state.token = nil
            }
            return (state.socket, state.token)
        }
        guard let socket, let token else { return }
        self.loop.unwatch(socket.descriptor, token: token)
        let code = socket.pendingError
        if code == 0 {
            self.end(.success(socket))
        } else {
            socket.close()
            self.state.withLock { $0.lastError = code }
            let place = self.place.withLock { $0 }
            self.tryNext(host: place.host, port: place.port)
        }
    }

    /// Ends the attempt, if it has not ended.
    func end(_ result: Result<Socket, TransportError>) {
        let (isFirst, continuation, socket, token) = self.state.withLock { state in
            guard state.result == nil else {
                return (
                    false, CheckedContinuation<Result<Socket, TransportError>, Never>?.none, Socket?.none, UInt64?.none
                )
            }
            state.result = result
            defer {
                state.continuation = nil
                state.socket = nil
                state.token = nil
            }
            return (true, state.continuation, state.socket, state.token)
        }
        guard isFirst else {
            if case .success(let late) = result { late.close() }
            return
        }
        if let socket {
            if let token { self.loop.unwatch(socket.descriptor, token: token) }
            socket.close()
        }
        continuation?.resume(returning: result)
    }
}
