// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Why bytes can't come or go.
package enum TransportError: Error, Hashable, Sendable {
    /// The name has no address, or the look-up failed or took too long.
    case cannotResolve(host: String, reason: String)
    /// Nobody listens there, or the way is barred: what the system said of the last address tried, and all that were.
    case cannotConnect(host: String, port: Int, errno: Int32, addresses: [String] = [])
    /// No connection within the set-up timeout.
    case connectTimedOut(host: String, port: Int, addresses: [String] = [])
    /// The other side ended the connection.
    case closedByPeer
    /// The other side, or something between, broke the connection off.
    case reset(errno: Int32)
    /// There is no TLS session, or no longer one.
    case tls(TLSFailure)
    /// A length that is negative or above the limit; with the first bytes of what came, which may tell who is speaking.
    case frameTooLarge(length: Int, limit: Int, firstBytes: [UInt8])
    /// A length above the limit behind good frames: the other side speaks as it should, and sends more than is taken.
    case frameAboveLimit(length: Int, limit: Int)
    /// Closed on this side.
    case closedLocally
    /// The waiting task was cancelled.
    case cancelled
    /// A call to the system failed.
    case system(call: String, errno: Int32)
}

extension TransportError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .cannotResolve(let host, let reason): "the name \"\(host)\" can't be resolved: \(reason)"
        case .cannotConnect(let host, let port, let code, let addresses):
            "\(host):\(port)\(Self.list(addresses, of: host)): \(Self.text(code))"
        case .connectTimedOut(let host, let port, let addresses):
            "\(host):\(port)\(Self.list(addresses, of: host)) did not answer in time"
        case .closedByPeer: "the other side closed the connection"
        case .reset(let code): "the connection broke: \(Self.text(code))"
        case .tls(let failure): failure.description
        case .frameTooLarge(let length, let limit, _), .frameAboveLimit(let length, let limit):
            "a frame of \(length) bytes was announced; the limit is \(limit)"
        case .closedLocally: "the connection was closed"
        case .cancelled: "the task was cancelled"
        case .system(let call, let code): "\(call): \(Self.text(code))"
        }
    }

    /// The addresses of a host's name. A host that is given by its address has no others.
    private static func list(_ addresses: [String], of host: String) -> String {
        let isAddress = SocketAddress.numeric(host: host, port: 0) != nil
        return addresses.isEmpty || isAddress ? "" : " (\(addresses.joined(separator: ", ")))"
    }

    private static func text(_ code: Int32) -> String {
        // Not strerror, which is not safe between threads everywhere.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let text = buffer.baseAddress, strerror_r(code, text, buffer.count) == 0 else {
                return "error \(code)"
            }
            return String(cString: text)
        }
    }
}
