// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// Looks names up on threads of its own, since the system's look-up blocks and can't be ended.
///
/// A few threads at most, which live while there is something to look up. A look-up that hangs keeps its thread, but
/// nobody waits for it longer than the deadline; those that have not begun by then never do.
package final class NameResolver: Sendable {
    package typealias LookUp = @Sendable (_ host: String, _ port: Int) -> Result<[SocketAddress], TransportError>

    /// The process's resolver.
    package static let shared = NameResolver(maximumThreads: 8)

    private final class Request: Sendable {
        let host: String
        let port: Int
        let result = FirstResult<Result<[SocketAddress], TransportError>>()

        init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    private struct State {
        var threads = 0
        var waiting: [Request] = []
        var failed = FailedAddresses()
    }

    private let state = Lock(State())
    private let maximumThreads: Int
    private let lookUp: LookUp

    /// A resolver that asks the system, or `lookUp`.
    package init(maximumThreads: Int, lookUp: LookUp? = nil) {
        self.maximumThreads = maximumThreads
        self.lookUp = lookUp ?? { SocketAddress.lookUp(host: $0, port: $1) }
    }

    /// The addresses of a host as they are to be tried, until the deadline.
    func attempts(
        host: String, port: Int, on loop: EventLoop, deadline: MonotonicTime
    ) async throws(TransportError) -> AddressAttempts {
        let addresses = try await self.resolve(host: host, port: port, on: loop, deadline: deadline)
        return AddressAttempts(self.state.withLock { $0.failed.putLast(in: addresses) }, deadline: deadline)
    }

    /// Notes what became of an address. The next time that its name is looked up, one that failed comes last.
    package func note(_ address: SocketAddress, isGood: Bool) {
        self.state.withLock { state in
            if isGood { state.failed.succeeded(address) } else { state.failed.failed(address) }
        }
    }

    /// The addresses of a host, as the system orders them. Numeric hosts are not looked up.
    package func resolve(
        host: String, port: Int, on loop: EventLoop, deadline: MonotonicTime
    ) async throws(TransportError) -> [SocketAddress] {
        if let address = SocketAddress.numeric(host: host, port: port) { return [address] }
        let request = Request(host: host, port: port)
        let timer = loop.schedule(at: deadline) {
            request.result.give(.failure(.cannotResolve(host: host, reason: "the look-up did not end in time")))
        }
        self.begin(request)
        let result = await request.result.value(whenCancelled: .failure(.cancelled))
        timer.cancel()
        // Unless a thread has it, nobody wants it any more.
        self.state.withLock { $0.waiting.removeAll { $0 === request } }
        return try result.get()
    }

    private func begin(_ request: Request) {
        let startsThread = self.state.withLock { state in
            state.waiting.append(request)
            guard state.threads < self.maximumThreads else { return false }
            state.threads += 1
            return true
        }
        guard startsThread else { return }
        do {
            try LoopThread.start(named: "kafka-resolver") { self.run() }
        } catch {
            // The others' threads may still come to it; if there are none, it fails here.
            let isAlone = self.state.withLock { state in
                state.threads -= 1
                return state.threads == 0
            }
            if isAlone { request.result.give(.failure(error)) }
        }
    }

    private func run() {
        while true {
            let request: Request? = self.state.withLock { state in
                guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
                state.threads -= 1
                return nil
            }
            guard let request else { return }
            request.result.give(self.lookUp(request.host, request.port))
        }
    }
}
