// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaMemory

@testable import KafkaTransport

/// Fuzzes a client's TLS handshake with the bytes of a server. The first byte selects the TLS version and verification.
///
/// OpenSSL isn't instrumented. This tests the code around it.
func fuzzTLS(_ bytes: Bytes) {
    guard let first = bytes.first, let context = TLSFuzzing.contexts[Int(first & 3)] else { return }
    var pair: [Int32] = [0, 0]
    guard socketpair(AF_UNIX, TLSFuzzing.stream, 0, &pair) == 0 else { return }
    defer {
        close(pair[0])
        close(pair[1])
    }
    for descriptor in pair { _ = fcntl(descriptor, F_SETFL, O_RDWR | O_NONBLOCK) }
    let socket = Socket(descriptor: pair[0])
    guard let session = try? TLSSession(context, host: "localhost", port: 1, socket: socket) else { return }
    _ = session.handshake(on: socket)
    let rest = bytes[1..<bytes.count]
    _ = rest.withUnsafeBytes { write(pair[1], $0.baseAddress, $0.count) }
    _ = shutdown(pair[1], TLSFuzzing.writing)
    for _ in 0..<10 {
        switch session.handshake(on: socket) {
        case .waiting: continue
        case .failed: break
        case .done: preconditionFailure("a session with somebody who has no key")
        }
        break
    }
    withUnsafeTemporaryAllocation(byteCount: 1000, alignment: 1) {
        if case .done(let count) = session.receive(from: socket, into: $0) { precondition(count == 0) }
    }
}

enum TLSFuzzing {
    #if canImport(Glibc)
    static let stream = Int32(SOCK_STREAM.rawValue)
    static let writing = Int32(SHUT_WR)
    #else
    static let stream = SOCK_STREAM
    static let writing = SHUT_WR
    #endif

    /// Contexts for both TLS versions, with and without verification of certificates.
    static let contexts: [TLSContext?] = (0..<4).map { number in
        var settings = TLSSettings()
        settings.trust = (try? CertificateAuthority()).map { .authorities($0.certificate) } ?? .system
        settings.maximumVersion = number & 1 == 0 ? .tls12 : .tls13
        settings.verification = number & 2 == 0 ? .none : .full
        return try? TLSContext(client: settings)
    }

    /// Returns beginnings of a server's handshake.
    static func seeds() throws -> [[UInt8]] {
        let chain = String(decoding: try CertificateAuthority().issue().chain, as: UTF8.self)
        let text = chain.split(separator: "\n").filter { !$0.hasPrefix("-") }.joined()
        let certificate = [UInt8](Data(base64Encoded: text) ?? Data())
        let random = [UInt8](repeating: 7, count: 32)
        let hello12 = self.message(2, [3, 3] + random + [0, 0xc0, 0x2b, 0, 0, 0])
        let certificates = self.message(11, self.counted(self.counted(certificate)))
        let key = self.message(12, [3, 0, 29, 32] + random + [4, 3, 0, 70] + [UInt8](repeating: 9, count: 70))
        let request = self.message(13, [1, 64, 0, 2, 4, 3, 0, 0])
        let done = self.message(14, [])
        let flight = [hello12, certificates, key, request, done].flatMap { self.record($0) }
        let share: [UInt8] = [0, 51, 0, 36, 0, 29, 0, 32] + random
        let version: [UInt8] = [0, 43, 0, 2, 3, 4]
        let hello13 = self.message(
            2, [3, 3] + random + [0, 0x13, 1, 0, 0, UInt8(share.count + version.count)] + version + share)
        let later = [20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 64] + [UInt8](repeating: 1, count: 64)
        return [
            [0] + flight, [2] + flight, [0] + self.record([0, 0, 0, 0]) + flight, [1] + self.record(hello13) + later,
            [3] + self.record(hello13) + later, [1, 21, 3, 3, 0, 2, 2, 40],
        ]
    }

    private static func counted(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8(bytes.count >> 16), UInt8(bytes.count >> 8 & 255), UInt8(bytes.count & 255)] + bytes
    }

    private static func message(_ type: UInt8, _ body: [UInt8]) -> [UInt8] { [type] + self.counted(body) }

    private static func record(_ message: [UInt8]) -> [UInt8] {
        [22, 3, 3, UInt8(message.count >> 8), UInt8(message.count & 255)] + message
    }
}
