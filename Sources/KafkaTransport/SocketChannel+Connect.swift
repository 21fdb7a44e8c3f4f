// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension SocketChannel {
    /// Connects to a host within `timeout`: resolves its name, tries its addresses (`AddressRace`), and performs the
    /// handshake if `tls` is set.
    package static func connect(
        host: String, port: Int, tls: TLSContext? = nil, loop: EventLoop, timeout: Duration, maximumFrameSize: Int,
        options: SocketOptions = SocketOptions(), resolver: NameResolver = .shared
    ) async throws(TransportError) -> SocketChannel {
        var race = try await AddressRace(
            host: host, port: port, loop: loop, deadline: loop.now + timeout, options: options, resolver: resolver)
        var failures: [TransportError] = []
        while let reached = try await race.next(onFailure: { failures.append($1) }) {
            do throws(TransportError) {
                let channel = try await reached.channel(tls: tls, maximumFrameSize: maximumFrameSize)
                race.succeeded(reached)
                return channel
            } catch {
                guard error.mayDependOnAddress else { throw error }
                race.failed(reached)
                failures.append(error)
            }
        }
        throw TransportError.summary(of: failures, host: host, port: port, addresses: race.addresses.map(\.description))
    }
}

extension TransportError {
    /// Whether another address of the same host might succeed.
    var mayDependOnAddress: Bool {
        switch self {
        case .cancelled, .closedLocally, .cannotResolve, .tls(.configuration): false
        default: true
        }
    }

    /// Returns one error for addresses that all failed: the most specific one, preferably from a server that answered.
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
