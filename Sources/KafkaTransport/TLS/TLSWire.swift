// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import COpenSSL

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The connection between OpenSSL and a socket: buffers encrypted bytes and keeps what OpenSSL's callbacks report.
///
/// OpenSSL reads many records at once, and its output is collected and sent in few calls. Writing never blocks: bytes
/// that the socket doesn't take are buffered here, so that OpenSSL never has to write in order to read. The owner lets
/// OpenSSL write more only while the socket takes what is buffered, which bounds the buffer.
///
/// Used by one thread at a time, under the session's lock.
final class TLSWire {
    /// The socket of the current call.
    var socket: Socket
    private let context: TLSContext
    private let host: String?
    private let port: Int

    private var output: UnsafeMutableRawBufferPointer
    private var outputStart = 0
    private var outputEnd = 0

    /// The error because of which the socket can no longer be used, if any.
    private(set) var failure: Int32?
    /// Whether the peer has closed its side.
    private(set) var isAtEnd = false
    /// The number of bytes received so far. `firstBytes` has the first of them.
    private(set) var receivedCount = 0
    private(set) var firstBytes: [UInt8] = []
    /// The number of bytes that may be read from the socket in the current call.
    var allowance = 0
    /// The reason for which a certificate was rejected.
    private(set) var refusal: TLSFailure?
    /// Whether the server requires a client certificate and none is set.
    var isCertificateMissing = false

    /// The number of bytes to collect before sending.
    private static let outputTarget = 64 << 10

    init(socket: Socket, context: TLSContext, host: String?, port: Int) {
        self.socket = socket
        self.context = context
        self.host = host
        self.port = port
        self.output = .allocate(byteCount: 4 << 10, alignment: 16)
    }

    deinit {
        self.output.deallocate()
    }

    /// The number of encrypted bytes that the socket has not taken.
    var unsent: Int { self.outputEnd - self.outputStart }
    /// Whether the socket took less than offered in the last call.
    private(set) var isBlocked = false

    // MARK: Bytes

    /// Implements OpenSSL's read. Returns nil to retry later, and 0 at the end or after a failure.
    private func read(into target: UnsafeMutableRawBufferPointer) -> Int? {
        guard self.failure == nil, !self.isAtEnd else { return 0 }
        guard self.allowance > 0 else { return nil }
        switch self.socket.receive(into: target) {
        case .done(let count):
            if count == 0 { self.isAtEnd = true }
            if self.firstBytes.isEmpty { self.firstBytes = Array(target.prefix(min(count, 16))) }
            self.receivedCount += count
            self.allowance -= count
            return count
        case .wouldBlock:
            return nil
        case .failed(let code):
            self.failure = code
            return 0
        }
    }

    /// Implements OpenSSL's write, which always takes all bytes.
    private func write(_ bytes: UnsafeRawPointer, _ count: Int) {
        if self.output.count - self.outputEnd < count { self.makeRoom(for: count) }
        (self.output.baseAddress! + self.outputEnd).copyMemory(from: bytes, byteCount: count)
        self.outputEnd += count
        if self.unsent >= Self.outputTarget { self.flush() }
    }

    private func makeRoom(for count: Int) {
        let waiting = UnsafeRawBufferPointer(rebasing: self.output[self.outputStart..<self.outputEnd])
        if waiting.count + count <= self.output.count {
            // The regions may overlap, which copyMemory supports.
            self.output.copyMemory(from: waiting)
        } else {
            let capacity = max(waiting.count + count, min(2 * self.output.count, Self.outputTarget + (20 << 10)))
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
            larger.copyMemory(from: waiting)
            self.output.deallocate()
            self.output = larger
        }
        self.outputEnd = waiting.count
        self.outputStart = 0
    }

    /// Sends buffered bytes until the socket takes no more.
    func flush() {
        self.isBlocked = false
        while self.unsent > 0, self.failure == nil {
            var piece = iovec(iov_base: self.output.baseAddress! + self.outputStart, iov_len: self.unsent)
            let outcome = withUnsafeMutablePointer(to: &piece) {
                self.socket.send(UnsafeMutableBufferPointer(start: $0, count: 1))
            }
            switch outcome {
            case .done(let count): self.outputStart += count
            case .wouldBlock:
                self.isBlocked = true
                return
            case .failed(let code): self.failure = code
            }
        }
        self.outputStart = 0
        self.outputEnd = 0
    }

    // MARK: OpenSSL's callbacks

    /// Makes OpenSSL read and write through this object, which the session must retain while `ssl` exists.
    func attach(to ssl: OpaquePointer) throws(TLSFailure) {
        guard let method = Self.method?.pointer, let bio = BIO_new(method) else {
            throw .other(OpenSSLError.takeText())
        }
        let own = Unmanaged.passUnretained(self).toOpaque()
        BIO_set_data(bio, own)
        BIO_set_init(bio, 1)
        SSL_set_bio(ssl, bio, bio)
        SSL_set_ex_data(ssl, 0, own)
    }

    static func of(_ ssl: OpaquePointer) -> TLSWire? {
        SSL_get_ex_data(ssl, 0).map { Unmanaged<TLSWire>.fromOpaque($0).takeUnretainedValue() }
    }

    /// `@unchecked Sendable`, because it isn't changed after its creation.
    private struct Method: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    private static let method: Method? = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "async-kafka socket") else {
            return nil
        }
        BIO_meth_set_read_ex(method) { bio, target, count, read in
            guard let bio, let data = BIO_get_data(bio), let target, let read else { return 0 }
            let wire = Unmanaged<TLSWire>.fromOpaque(data).takeUnretainedValue()
            kafka_BIO_no_retry(bio)
            guard let taken = wire.read(into: UnsafeMutableRawBufferPointer(start: target, count: count)) else {
                kafka_BIO_retry_read(bio)
                return 0
            }
            read.pointee = taken
            return taken > 0 ? 1 : 0
        }
        BIO_meth_set_write_ex(method) { bio, bytes, count, written in
            guard let bio, let data = BIO_get_data(bio), let bytes, let written else { return 0 }
            kafka_BIO_no_retry(bio)
            Unmanaged<TLSWire>.fromOpaque(data).takeUnretainedValue().write(bytes, count)
            written.pointee = count
            return 1
        }
        BIO_meth_set_ctrl(method) { bio, command, _, _ in
            switch command {
            case BIO_CTRL_FLUSH: return 1
            case BIO_CTRL_EOF:
                guard let bio, let data = BIO_get_data(bio) else { return 1 }
                return Unmanaged<TLSWire>.fromOpaque(data).takeUnretainedValue().isAtEnd ? 1 : 0
            default: return 0
            }
        }
        return Method(pointer: method)
    }()

    /// Keeps a session from the server. Returns whether ownership of the reference was taken.
    func keepsSession(_ session: OpaquePointer) -> Bool {
        guard let host = self.host else { return false }
        return self.context.keep(session, for: "\(host):\(self.port)")
    }

    /// Records the reason for which a certificate is rejected, and the names in it.
    static func noteRefusal(_ store: OpaquePointer) {
        guard let data = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()),
            let wire = TLSWire.of(OpaquePointer(data)), wire.refusal == nil
        else { return }
        let error = X509_STORE_CTX_get_error(store)
        let text = String(cString: X509_verify_cert_error_string(Int(error)))
        switch error {
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_SIGNATURE_FAILURE, X509_V_ERR_CERT_UNTRUSTED:
            wire.refusal = .unknownAuthority(text)
        case X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID:
            wire.refusal = .expired(text)
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            let certificate = X509_STORE_CTX_get0_cert(store)
            let names = certificate.map { CertificateNames.of($0) } ?? []
            let commonName = names.isEmpty ? certificate.flatMap { CertificateNames.commonName(of: $0) } : nil
            wire.refusal = .nameMismatch(expected: wire.host ?? "", names: names, commonName: commonName)
        default:
            wire.refusal = .untrusted(text)
        }
    }
}
