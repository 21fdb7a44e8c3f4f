// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import KafkaMemory
import Synchronization

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The TLS session of one connection: its handshake and its data.
///
/// Two threads can't use an OpenSSL session at once, so one lock covers reading and writing. Lock order: the channel's
/// write lock, then this one.
final class TLSSession: ByteTransform {
    /// `@unchecked Sendable`, because a lock protects it and its pointers are stored nowhere else.
    private struct State: @unchecked Sendable {
        let ssl: OpaquePointer
        let wire: TLSWire
        /// The buffer in which small pieces are joined, so that each record is full.
        let staging: UnsafeMutableRawBufferPointer
        var isFinishing = false
        /// The reason for the end of the input, to return after the bytes before it.
        var end: TransportError?
    }

    private let context: TLSContext
    private let state: Lock<State>
    private let unsent = Atomic(false)
    private let buffered = Atomic(false)
    private let ended = Atomic(false)

    /// The maximum number of bytes in a record.
    private static let recordSize = 16 << 10
    /// The maximum number of bytes that one call to `send` takes.
    private static let sendLimit = 512 << 10
    /// The maximum size of a handshake, above that of any sensible certificate chain.
    private static let handshakeLimit = 256 << 10
    /// The number of bytes to read from the socket without getting data before other sockets are served.
    ///
    /// A peer can send any number of TLS's own messages in a row.
    private static let silentLimit = 64 << 10
    /// The maximum number of bytes of answers to such messages that wait for the peer to read them.
    private static let answerLimit = 256 << 10

    /// - Parameter host: The name that the peer's certificate must have, or nil on the server's side.
    init(_ context: TLSContext, host: String?, port: Int, socket: Socket) throws(TLSFailure) {
        ERR_clear_error()
        guard let ssl = SSL_new(context.pointer) else { throw .other(OpenSSLError.takeText()) }
        let wire = TLSWire(socket: socket, context: context, host: host, port: port)
        self.context = context
        self.state = Lock(
            State(ssl: ssl, wire: wire, staging: .allocate(byteCount: Self.recordSize, alignment: 16)))
        try wire.attach(to: ssl)
        guard let host else {
            SSL_set_accept_state(ssl)
            return
        }
        SSL_set_connect_state(ssl)
        try Self.expect(host, context.settings.verification, on: ssl)
        context.resume("\(host):\(port)", on: ssl)
    }

    static func make(
        _ context: TLSContext, host: String?, port: Int, socket: Socket
    ) throws(TransportError) -> TLSSession {
        do throws(TLSFailure) {
            return try TLSSession(context, host: host, port: port, socket: socket)
        } catch {
            throw .tls(error)
        }
    }

    deinit {
        self.state.withLock { state in
            SSL_free(state.ssl)
            state.staging.deallocate()
        }
    }

    /// Sets the server name for SNI, which excludes addresses, and the name that OpenSSL verifies.
    private static func expect(
        _ host: String, _ verification: TLSSettings.Verification, on ssl: OpaquePointer
    ) throws(TLSFailure) {
        // The final dot of a fully qualified name belongs to DNS and is not in certificates (RFC 6066).
        let host = host.hasSuffix(".") ? String(host.dropLast()) : host
        let isAddress = SocketAddress.numeric(host: host, port: 0) != nil
        if !isAddress, kafka_SSL_set_server_name(ssl, host) != 1 {
            throw .configuration("\"\(host)\" can't be sent as the server's name")
        }
        guard verification == .full else { return }
        let parameters = SSL_get0_param(ssl)
        X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        let isSet =
            isAddress
            ? X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1
            : X509_VERIFY_PARAM_set1_host(parameters, host, host.utf8.count) == 1
        guard isSet else { throw .configuration("\"\(host)\" can't be checked against a certificate") }
    }

    // MARK: Handshake

    enum Progress {
        case done
        case waiting
        case failed(TransportError)
    }

    /// Continues the handshake with the input received so far.
    func handshake(on socket: Socket) -> Progress {
        self.withState(socket) { state in
            state.wire.allowance = Self.handshakeLimit - state.wire.receivedCount
            let result = SSL_do_handshake(state.ssl)
            state.wire.flush()
            if result == 1 { return .done }
            guard SSL_get_error(state.ssl, result) == SSL_ERROR_WANT_READ else {
                return .failed(Self.failure(state, inHandshake: true))
            }
            if state.wire.receivedCount >= Self.handshakeLimit { return .failed(.tls(.handshakeTooLarge)) }
            return .waiting
        }
    }

    /// Whether the handshake resumed an earlier session.
    var isResumed: Bool { self.state.withLock { SSL_session_reused($0.ssl) == 1 } }

    /// The name of the subject of the peer's certificate, as in `CN=alice,O=Example`, or nil if it has none.
    var peerName: String? {
        self.state.withLock { state in
            SSL_get0_peer_certificate(state.ssl).flatMap { CertificateNames.subject(of: $0) }
        }
    }

    var hasUnsentBytes: Bool { self.unsent.load(ordering: .relaxed) }
    var hasBufferedInput: Bool { self.buffered.load(ordering: .relaxed) }
    var hasEnded: Bool { self.ended.load(ordering: .relaxed) }

    // MARK: Bytes

    func receive(from socket: Socket, into target: UnsafeMutableRawBufferPointer) -> ByteTransformOutcome {
        self.withState(socket) { state in
            if let end = state.end { return .failed(end) }
            guard state.wire.unsent <= Self.answerLimit else {
                return .failed(.tls(.other("the TLS session broke: the other side does not read what it asks for")))
            }
            var filled = 0
            state.wire.allowance = Self.silentLimit
            while filled < target.count {
                var count = 0
                let result = SSL_read_ex(state.ssl, target.baseAddress! + filled, target.count - filled, &count)
                if result == 1 {
                    filled += count
                    state.wire.allowance = Self.silentLimit
                    continue
                }
                switch SSL_get_error(state.ssl, result) {
                case SSL_ERROR_WANT_READ:
                    return filled > 0 ? .done(filled) : .wouldBlock
                case SSL_ERROR_ZERO_RETURN:
                    state.end = .closedByPeer
                    return .done(filled)
                default:
                    let failure = Self.failure(state, inHandshake: false)
                    state.end = failure
                    return filled > 0 ? .done(filled) : .failed(failure)
                }
            }
            return .done(filled)
        }
    }

    func send(_ pieces: UnsafeMutableBufferPointer<iovec>, to socket: Socket) -> ByteTransformOutcome {
        self.withState(socket) { state in
            state.wire.flush()
            var reader = PieceReader(pieces)
            while !state.wire.isBlocked, state.wire.failure == nil, reader.taken < Self.sendLimit,
                let piece = reader.next(atMost: Self.recordSize, staging: state.staging)
            {
                var written = 0
                let result = SSL_write_ex(state.ssl, piece.baseAddress, piece.count, &written)
                guard result == 1 else { return .failed(Self.failure(state, inHandshake: false)) }
            }
            state.wire.flush()
            if let code = state.wire.failure { return .failed(.reset(errno: code)) }
            return reader.taken > 0 ? .done(reader.taken) : .wouldBlock
        }
    }

    func flush(to socket: Socket) -> ByteTransformOutcome {
        self.withState(socket) { state in
            state.wire.flush()
            if let code = state.wire.failure { return .failed(.reset(errno: code)) }
            return state.wire.unsent == 0 ? .done(0) : .wouldBlock
        }
    }

    func endSending(to socket: Socket) {
        self.withState(socket) { state in
            guard !state.isFinishing else { return }
            state.isFinishing = true
            SSL_shutdown(state.ssl)
            state.wire.flush()
        }
    }

    private func withState<Result>(_ socket: Socket, _ body: (inout State) -> Result) -> Result {
        self.state.withLock { state in
            state.wire.socket = socket
            ERR_clear_error()
            let result = body(&state)
            self.unsent.store(state.wire.unsent > 0, ordering: .relaxed)
            self.ended.store(state.end != nil, ordering: .relaxed)
            self.buffered.store(SSL_has_pending(state.ssl) == 1, ordering: .relaxed)
            return result
        }
    }

    // MARK: Failures

    private static func failure(_ state: State, inHandshake: Bool) -> TransportError {
        let error = ERR_peek_error()
        defer { ERR_clear_error() }
        if let refusal = state.wire.refusal { return .tls(refusal) }
        if let code = state.wire.failure { return .reset(errno: code) }
        let reason = ERR_GET_REASON(error)
        // The reason is an alert from the peer.
        if ERR_GET_LIB(error) == ERR_LIB_SSL, reason >= SSL_AD_REASON_OFFSET, reason < SSL_AD_REASON_OFFSET + 256 {
            // The alert alone isn't specific: with TLS 1.2 it stands for any handshake failure.
            if state.wire.isCertificateMissing { return .tls(.certificateMissing) }
            let alert = reason - SSL_AD_REASON_OFFSET
            return .tls(.refused(alert: Int(alert), name: String(cString: SSL_alert_desc_string_long(alert))))
        }
        guard inHandshake else {
            return error == 0 ? .closedByPeer : .tls(.other("the TLS session broke: \(OpenSSLError.text(error))"))
        }
        if let first = state.wire.firstBytes.first, !(20...24).contains(first) {
            return .tls(.notTLS(firstBytes: state.wire.firstBytes))
        }
        if error == 0 || state.wire.isAtEnd { return .tls(.closedInHandshake) }
        if ERR_GET_LIB(error) == ERR_LIB_SSL, reason == SSL_R_EXCESSIVE_MESSAGE_SIZE {
            return .tls(.handshakeTooLarge)
        }
        return .tls(.other("the TLS handshake failed: \(OpenSSLError.text(error))"))
    }
}

/// Splits pieces into the contents of records: parts of a large piece in place, small pieces joined.
private struct PieceReader {
    private let pieces: UnsafeMutableBufferPointer<iovec>
    private var index = 0
    private var offset = 0
    private(set) var taken = 0

    init(_ pieces: UnsafeMutableBufferPointer<iovec>) {
        self.pieces = pieces
    }

    mutating func next(atMost limit: Int, staging: UnsafeMutableRawBufferPointer) -> UnsafeRawBufferPointer? {
        var staged = 0
        while self.index < self.pieces.count, staged < limit {
            let piece = self.pieces[self.index]
            let left = piece.iov_len - self.offset
            guard let base = piece.iov_base, left > 0 else {
                self.index += 1
                self.offset = 0
                continue
            }
            let start = base + self.offset
            if staged == 0, left >= limit {
                self.advance(limit)
                return UnsafeRawBufferPointer(start: start, count: limit)
            }
            let count = min(left, limit - staged)
            (staging.baseAddress! + staged).copyMemory(from: start, byteCount: count)
            staged += count
            self.advance(count)
        }
        return staged > 0 ? UnsafeRawBufferPointer(start: staging.baseAddress, count: staged) : nil
    }

    private mutating func advance(_ count: Int) {
        self.offset += count
        self.taken += count
    }
}
