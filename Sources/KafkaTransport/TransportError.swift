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
    /// The name has no address, or the look-up failed.
    case cannotResolve(host: String, reason: String)
    /// Nobody listens there, or the way is barred: the system's reason.
    case cannotConnect(host: String, port: Int, errno: Int32)
    /// No connection within the set-up timeout.
    case connectTimedOut(host: String, port: Int)
    /// The other side ended the connection.
    case closedByPeer
    /// The other side, or something between, broke the connection off.
    case reset(errno: Int32)
    /// A length that is negative or above the limit; with the first bytes of what came, which may tell who is speaking.
    case frameTooLarge(length: Int, limit: Int, firstBytes: [UInt8])
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
        case .cannotConnect(let host, let port, let code): "\(host):\(port): \(Self.text(code))"
        case .connectTimedOut(let host, let port): "\(host):\(port) did not answer in time"
        case .closedByPeer: "the other side closed the connection"
        case .reset(let code): "the connection broke: \(Self.text(code))"
        case .frameTooLarge(let length, let limit, _):
            "a frame of \(length) bytes was announced; the limit is \(limit)"
        case .closedLocally: "the connection was closed"
        case .cancelled: "the task was cancelled"
        case .system(let call, let code): "\(call): \(Self.text(code))"
        }
    }

    private static func text(_ code: Int32) -> String {
        strerror(code).map { String(cString: $0) } ?? "error \(code)"
    }
}
