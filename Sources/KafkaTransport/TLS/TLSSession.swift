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

/// One connection's TLS: its handshake, then its bytes.
///
/// OpenSSL's session can't be used by two threads at once: one lock covers reading and writing. Lock order: a channel's write
/// lock, then this.
final class TLSSession: ByteTransform {
    /// `@unchecked Sendable`, since it is behind a lock, and its pointers nowhere else.
    private struct State: @unchecked Sendable {
        let ssl: OpaquePointer
        let wire: TLSWire
        /// Where small pieces are put together, so that each record is a full one.
        let staging: UnsafeMutableRawBufferPointer
        var isFinishing = false
        /// Why no more bytes come, behind bytes that had to be handed out first.
        var end: TransportError?
    }

    private let context: TLSContext
    private let state: Lock<State>
    private let unsent = Atomic(false)
    private let buffered = Atomic(false)
    private let ended = Atomic(false)

    /// The most that a record holds.
    private static let recordSize = 16 << 10
    /// The most that one call to `send` takes.
    private static let sendLimit = 512 << 10
    /// More than any sensible chain of certificates.
    private static let handshakeLimit = 256 << 10
    /// As much is taken from the socket for nothing, before others have their turn: messages of TLS's own may follow one another
    /// for as long as the other side likes.
    private static let silentLimit = 64 << 10
    /// As many bytes of answers to such messages wait for the other side to read them.
    private static let answerLimit = 256 << 10

    /// - Parameter host: the name that the other side's certificate must have; nil on the server's side.
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

    /// Tells the server which name is meant (SNI, which addresses are not sent in), and OpenSSL what to look for.
    private static func expect(
        _ host: String, _ verification: TLSSettings.Verification, on ssl: OpaquePointer
    ) throws(TLSFailure) {
        // The dot that ends a full name is DNS's own, and in no certificate (RFC 6066).
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

    /// Goes on with the handshake as far as what has come allows.
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

    /// Whether the handshake went on with an earlier session.
    var isResumed: Bool { self.state.withLock { SSL_session_reused($0.ssl) == 1 } }

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
        // Alerts of the other side.
        if ERR_GET_LIB(error) == ERR_LIB_SSL, reason >= SSL_AD_REASON_OFFSET, reason < SSL_AD_REASON_OFFSET + 256 {
            // The alert alone doesn't tell: with TLS 1.2 it is any handshake's failure.
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

/// Cuts pieces into what one record holds: out of a large piece in place, small ones put together.
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
