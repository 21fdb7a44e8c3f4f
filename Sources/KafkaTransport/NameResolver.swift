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

    private let failed = Lock(FailedAddresses())
    private let threads: BlockingThreads
    private let lookUp: LookUp

    /// Creates a resolver that uses `lookUp`, or the system's look-up if it is nil.
    package init(maximumThreads: Int, lookUp: LookUp? = nil) {
        self.threads = BlockingThreads(named: "kafka-resolver", maximum: maximumThreads)
        self.lookUp = lookUp ?? { SocketAddress.lookUp(host: $0, port: $1) }
    }

    /// Returns the addresses of a host in the order in which to try them until the deadline.
    func attempts(
        host: String, port: Int, on loop: EventLoop, deadline: MonotonicTime
    ) async throws(TransportError) -> AddressAttempts {
        let addresses = try await self.resolve(host: host, port: port, on: loop, deadline: deadline)
        return AddressAttempts(self.failed.withLock { $0.putLast(in: addresses) }, deadline: deadline)
    }

    /// Records whether an address worked. Addresses that failed come last when their name is resolved again.
    package func note(_ address: SocketAddress, isGood: Bool) {
        self.failed.withLock { failed in
            if isGood { failed.succeeded(address) } else { failed.failed(address) }
        }
    }

    /// Returns the addresses of a host in the system's order. Numeric hosts aren't looked up.
    package func resolve(
        host: String, port: Int, on loop: EventLoop, deadline: MonotonicTime
    ) async throws(TransportError) -> [SocketAddress] {
        if let address = SocketAddress.numeric(host: host, port: port) { return [address] }
        let result = FirstResult<Result<[SocketAddress], TransportError>>()
        let timer = loop.schedule(at: deadline) {
            result.give(.failure(.cannotResolve(host: host, reason: "the look-up did not end in time")))
        }
        let lookUp = self.lookUp
        let call = self.threads.submit {
            result.give(lookUp(host, port))
        } orFail: {
            result.give(.failure($0))
        }
        let addresses = await result.value(whenCancelled: .failure(.cancelled))
        timer.cancel()
        self.threads.withdraw(call)
        return try addresses.get()
    }
}
