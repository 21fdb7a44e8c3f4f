// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// Resolves host names on its own threads, because the system's look-up blocks and can't be cancelled.
///
/// It uses a small number of threads, which end when nothing is left to look up. A look-up that hangs occupies its
/// thread, but its caller waits only until the deadline. Look-ups that have not started by then are dropped.
package final class NameResolver: Sendable {
    package typealias LookUp = @Sendable (_ host: String, _ port: Int) -> Result<[SocketAddress], TransportError>

    /// The resolver that the process shares.
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

    /// Creates a resolver that uses `lookUp`, or the system's look-up if it is nil.
    package init(maximumThreads: Int, lookUp: LookUp? = nil) {
        self.maximumThreads = maximumThreads
        self.lookUp = lookUp ?? { SocketAddress.lookUp(host: $0, port: $1) }
    }

    /// Returns the addresses of a host in the order in which to try them until the deadline.
    func attempts(
        host: String, port: Int, on loop: EventLoop, deadline: MonotonicTime
    ) async throws(TransportError) -> AddressAttempts {
        let addresses = try await self.resolve(host: host, port: port, on: loop, deadline: deadline)
        return AddressAttempts(self.state.withLock { $0.failed.putLast(in: addresses) }, deadline: deadline)
    }

    /// Records whether an address worked. Addresses that failed come last when their name is resolved again.
    package func note(_ address: SocketAddress, isGood: Bool) {
        self.state.withLock { state in
            if isGood { state.failed.succeeded(address) } else { state.failed.failed(address) }
        }
    }

    /// Returns the addresses of a host in the system's order. Numeric hosts aren't looked up.
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
        // The request is no longer needed, unless a thread is already processing it.
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
            // Other threads can still process the request. If there are none, it fails.
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
