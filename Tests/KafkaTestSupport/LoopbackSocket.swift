// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Plain sockets on this machine, for tests that implement the peer themselves.
package enum LoopbackSocket {
    package struct Failure: Error {
        let call: String
        let code: Int32
    }

    #if canImport(Glibc)
    private static let stream = Int32(SOCK_STREAM.rawValue)
    #else
    private static let stream = SOCK_STREAM
    #endif

    /// Creates a TCP socket.
    package static func make() -> Int32 { socket(AF_INET, Self.stream, 0) }

    /// Returns a socket that listens on a free port, and the port.
    package static func listening(backlog: Int32) throws -> (descriptor: Int32, port: Int) {
        let listener = Self.make()
        var status = Self.withAddress(port: 0) { bind(listener, $0, $1) }
        if status == 0 { status = listen(listener, backlog) }
        guard status == 0 else { throw Failure(call: "listen", code: errno) }
        var name = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(listener, $0, &length) }
        }
        return (listener, Int(UInt16(bigEndian: name.sin_port)))
    }

    /// Calls `call` with the address of a port.
    package static func withAddress(port: Int, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        return withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}
