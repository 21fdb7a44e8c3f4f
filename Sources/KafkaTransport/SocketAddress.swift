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

/// An IPv4 or IPv6 address with a port, in the form that system calls take.
package struct SocketAddress: Sendable {
    private let storage: sockaddr_storage
    private let length: socklen_t

    init(_ address: UnsafePointer<sockaddr>, length: socklen_t) {
        var storage = sockaddr_storage()
        withUnsafeMutableBytes(of: &storage) { target in
            target.copyBytes(from: UnsafeRawBufferPointer(start: address, count: min(Int(length), target.count)))
        }
        self.storage = storage
        self.length = length
    }

    /// Creates the address that a system call fills in, or returns nil if the call fails.
    init?(filledBy call: (UnsafeMutablePointer<sockaddr>, inout socklen_t) -> Int32) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, &length) }
        }
        guard status == 0 else { return nil }
        self.storage = storage
        self.length = length
    }

    var family: Int32 { Int32(self.storage.ss_family) }

    func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: self.storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, self.length) }
        }
    }

    /// The port.
    package var port: Int {
        withUnsafeBytes(of: self.storage) { bytes in
            // In both families the port is the second 16-bit number, in network byte order.
            Int(UInt16(bigEndian: bytes.load(fromByteOffset: 2, as: UInt16.self)))
        }
    }

    /// The numeric address without the port, such as `127.0.0.1` or `::1`.
    package var host: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { buffer in
            let status = self.withSockaddr {
                getnameinfo($0, $1, buffer.baseAddress, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST)
            }
            guard status == 0, let text = buffer.baseAddress else { return "unknown" }
            return String(cString: text)
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    package var description: String {
        self.family == AF_INET6 ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
    }
}

extension SocketAddress {
    /// Returns the address of a numeric host and a port, or nil if the host is a name.
    package static func numeric(host: String, port: Int) -> SocketAddress? {
        try? self.lookUp(host: host, port: port, flags: AI_NUMERICHOST).get().first
    }

    /// Returns whether a host is certainly this machine. A name that begins with `127.` could resolve to any address.
    package static func isLoopback(host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        return host.hasPrefix("127.") && Self.numeric(host: host, port: 0) != nil
    }

    /// Looks up a name's addresses. Blocks, for many seconds if the name server doesn't answer.
    static func lookUp(host: String, port: Int) -> Result<[SocketAddress], TransportError> {
        self.lookUp(host: host, port: port, flags: AI_ADDRCONFIG)
    }

    private static func lookUp(
        host: String, port: Int, flags: Int32
    ) -> Result<[SocketAddress], TransportError> {
        guard (0...65_535).contains(port) else {
            return .failure(.cannotResolve(host: host, reason: "\(port) is no port"))
        }
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Socket.streamType
        hints.ai_flags = flags | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        guard status == 0 else {
            return .failure(.cannotResolve(host: host, reason: String(cString: gai_strerror(status))))
        }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = list
        while let entry = next {
            if let address = entry.pointee.ai_addr {
                addresses.append(SocketAddress(address, length: entry.pointee.ai_addrlen))
            }
            next = entry.pointee.ai_next
        }
        guard !addresses.isEmpty else { return .failure(.cannotResolve(host: host, reason: "it has no address")) }
        return .success(addresses)
    }
}
