// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A port of this machine that answers nobody, not even with a refusal: it is listened on, its backlog is full, and nothing is
/// ever taken from it.
package final class SilentPort {
    private let listener: Int32
    private var waiting: [Int32] = []
    package let port: Int

    package struct Failure: Error {
        let call: String
        let code: Int32
    }

    package init() throws {
        let listener = socket(AF_INET, Self.stream, 0)
        self.listener = listener
        var status = Self.withAddress(port: 0) { bind(listener, $0, $1) }
        if status == 0 { status = listen(listener, 0) }
        guard status == 0 else { throw Failure(call: "listen", code: errno) }
        var name = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(listener, $0, &length) }
        }
        self.port = Int(UInt16(bigEndian: name.sin_port))
        // More than the backlog of 0 takes, which the systems round up to one or a few.
        for _ in 0..<8 {
            let descriptor = socket(AF_INET, Self.stream, 0)
            _ = fcntl(descriptor, F_SETFL, O_RDWR | O_NONBLOCK)
            _ = Self.withAddress(port: self.port) { connect(descriptor, $0, $1) }
            self.waiting.append(descriptor)
        }
    }

    deinit {
        for descriptor in self.waiting { _ = Foundation.close(descriptor) }
        _ = Foundation.close(self.listener)
    }

    #if canImport(Glibc)
    private static let stream = Int32(SOCK_STREAM.rawValue)
    #else
    private static let stream = SOCK_STREAM
    #endif

    /// Lends the address of a port of this machine to a system call.
    private static func withAddress(port: Int, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        return withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}
