// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// An IPv4 or IPv6 address with its port, as the system's calls want it.
package struct SocketAddress: Sendable {
    private let storage: sockaddr_storage
    private let length: socklen_t

    init(_ address: UnsafePointer<sockaddr>, length: socklen_t) {
        var storage = sockaddr_storage()
        withUnsafeMutableBytes(of: &storage) { target in
            let source = UnsafeRawBufferPointer(start: address, count: min(Int(length), target.count))
            target.copyBytes(from: source)
        }
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
            // In both families the port is the second 16-bit number, in network order.
            Int(UInt16(bigEndian: bytes.load(fromByteOffset: 2, as: UInt16.self)))
        }
    }
}

extension SocketAddress {
    /// The address that a numeric host and a port are.
    static func numeric(host: String, port: Int) throws(TransportError) -> [SocketAddress] {
        try self.lookUp(host: host, port: port, flags: AI_NUMERICHOST)
    }

    /// Looks a name up, on a thread made for it unless it is a number: nobody waits for a name server.
    static func resolve(
        host: String, port: Int, _ completion: @escaping @Sendable (Result<[SocketAddress], TransportError>) -> Void
    ) {
        if let numeric = try? Self.numeric(host: host, port: port) {
            completion(.success(numeric))
            return
        }
        NameLookUps.shared.run {
            do throws(TransportError) {
                completion(.success(try Self.lookUp(host: host, port: port, flags: AI_ADDRCONFIG)))
            } catch {
                completion(.failure(error))
            }
        }
    }

    private static func lookUp(host: String, port: Int, flags: Int32) throws(TransportError) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        #if canImport(Glibc)
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
        hints.ai_socktype = SOCK_STREAM
        #endif
        hints.ai_flags = flags
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        guard status == 0 else {
            throw .cannotResolve(host: host, reason: String(cString: gai_strerror(status)))
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
        guard !addresses.isEmpty else { throw .cannotResolve(host: host, reason: "it has no address") }
        return addresses
    }
}

/// Threads for look-ups: a few at a time, since one that hangs can't be ended.
final class NameLookUps: Sendable {
    static let shared = NameLookUps()

    private struct State {
        var running = 0
        var waiting = Deque<@Sendable () -> Void>()
    }

    private let state = Lock(State())
    private static let limit = 8

    func run(_ body: @escaping @Sendable () -> Void) {
        let starts = self.state.withLock { state in
            guard state.running < Self.limit else {
                state.waiting.append(body)
                return false
            }
            state.running += 1
            return true
        }
        guard starts else { return }
        let started: Void? = try? startThread(named: "kafka-dns") { self.work(body) }
        if started == nil { self.work(body) }
    }

    private func work(_ first: @Sendable () -> Void) {
        first()
        while true {
            let next: (@Sendable () -> Void)? = self.state.withLock { state in
                if let next = state.waiting.popFirst() { return next }
                state.running -= 1
                return nil
            }
            guard let next else { return }
            next()
        }
    }
}
