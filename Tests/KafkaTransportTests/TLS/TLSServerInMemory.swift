// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import Foundation
import Testing

@testable import KafkaTransport

/// A TLS server without a socket: it takes the client's bytes and returns its own, so that a test can modify them and
/// send what no real server sends.
final class TLSServerInMemory {
    private let context: TLSContext
    private let ssl: OpaquePointer
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer

    init(_ context: TLSContext) throws {
        self.context = context
        self.ssl = try #require(SSL_new(context.pointer))
        self.incoming = try #require(BIO_new(BIO_s_mem()))
        self.outgoing = try #require(BIO_new(BIO_s_mem()))
        SSL_set_bio(self.ssl, self.incoming, self.outgoing)
        SSL_set_accept_state(self.ssl)
        SSL_clear_options(self.ssl, UInt64(1) << 30)  // SSL_OP_NO_RENEGOTIATION, a macro
    }

    deinit {
        SSL_free(self.ssl)
    }

    /// Whether the handshake is complete.
    var isEstablished: Bool { SSL_is_init_finished(self.ssl) == 1 }

    /// Returns the server's response to bytes of the client.
    func answer(_ bytes: [UInt8]) -> [UInt8] {
        ERR_clear_error()
        BIO_write(self.incoming, bytes, Int32(bytes.count))
        if self.isEstablished { self.read() } else { SSL_do_handshake(self.ssl) }
        return self.takeOutput()
    }

    /// The application data that the client has sent.
    private(set) var received: [UInt8] = []

    private func read() {
        var target = [UInt8](repeating: 0, count: 16 << 10)
        while case let count = SSL_read(self.ssl, &target, Int32(target.count)), count > 0 {
            self.received += target[..<Int(count)]
        }
    }

    func encrypt(_ bytes: [UInt8]) -> [UInt8] {
        SSL_write(self.ssl, bytes, Int32(bytes.count))
        return self.takeOutput()
    }

    /// Returns a KeyUpdate that requests one in return.
    func updateKeys() -> [UInt8] {
        SSL_key_update(self.ssl, SSL_KEY_UPDATE_REQUESTED)
        SSL_do_handshake(self.ssl)
        return self.takeOutput()
    }

    /// Returns a session ticket.
    func newTicket() -> [UInt8] {
        SSL_new_session_ticket(self.ssl)
        SSL_do_handshake(self.ssl)
        return self.takeOutput()
    }

    /// Returns a HelloRequest, which asks for a renegotiation.
    func askToRenegotiate() -> [UInt8] {
        SSL_renegotiate(self.ssl)
        SSL_do_handshake(self.ssl)
        return self.takeOutput()
    }

    /// Returns a close_notify.
    func farewell() -> [UInt8] {
        SSL_shutdown(self.ssl)
        return self.takeOutput()
    }

    private func takeOutput() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(BIO_ctrl_pending(self.outgoing)))
        if !bytes.isEmpty { BIO_read(self.outgoing, &bytes, Int32(bytes.count)) }
        return bytes
    }
}

extension RawPeer {
    /// Performs the handshake.
    func agree(_ server: TLSServerInMemory) throws {
        while !server.isEstablished {
            let bytes = try self.receiveSome()
            guard !bytes.isEmpty else { throw TransportError.closedByPeer }
            try self.send(server.answer(bytes))
        }
    }

    /// Reads until the peer has closed the connection. Throws if it doesn't within the time limit.
    func awaitEnd() throws {
        do throws(TransportError) {
            while try !self.receiveSome().isEmpty {}
        } catch .system(_, let code) where code != EAGAIN {
            // The connection was closed before the peer had read everything.
        }
    }

    /// Sends the same bytes repeatedly until the peer has closed the connection.
    func flood(_ bytes: [UInt8]) {
        while (try? self.send(bytes)) != nil {}
    }
}
