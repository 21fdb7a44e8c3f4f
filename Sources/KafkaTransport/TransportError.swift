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

/// An error of a connection.
package enum TransportError: Error, Hashable, Sendable {
    /// The name has no address, or the look-up failed or timed out.
    case cannotResolve(host: String, reason: String)
    /// The connection failed, with the system's error for the last address tried and all addresses tried.
    case cannotConnect(host: String, port: Int, errno: Int32, addresses: [String] = [])
    /// No connection was established within the timeout.
    case connectTimedOut(host: String, port: Int, addresses: [String] = [])
    /// The peer closed the connection.
    case closedByPeer
    /// The peer or the network reset the connection.
    case reset(errno: Int32)
    /// TLS failed.
    case tls(TLSFailure)
    /// A frame length is negative or above the limit, with the first bytes received, which may identify the protocol.
    case frameTooLarge(length: Int, limit: Int, firstBytes: [UInt8])
    /// A frame length is above the limit after valid frames: the peer uses the right protocol but sends too much.
    case frameAboveLimit(length: Int, limit: Int)
    /// This side closed the connection.
    case closedLocally
    /// The waiting task was cancelled.
    case cancelled
    /// A system call failed.
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

    /// Returns the list of the host's addresses, or nothing for a host that is an address itself.
    private static func list(_ addresses: [String], of host: String) -> String {
        let isAddress = SocketAddress.numeric(host: host, port: 0) != nil
        return addresses.isEmpty || isAddress ? "" : " (\(addresses.joined(separator: ", ")))"
    }

    private static func text(_ code: Int32) -> String {
        // strerror isn't thread-safe on all systems.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let text = buffer.baseAddress, strerror_r(code, text, buffer.count) == 0 else {
                return "error \(code)"
            }
            return String(cString: text)
        }
    }
}
