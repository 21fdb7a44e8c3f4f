// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import KafkaMemory

/// TLS settings prepared for OpenSSL. Certificates and keys are read and checked once, for any number of connections.
package final class TLSContext: Sendable {
    package let settings: TLSSettings
    let isServer: Bool
    /// OpenSSL counts references atomically, and nothing is changed after the initializer.
    nonisolated(unsafe) let pointer: OpaquePointer
    /// The last session with each server, for resumption.
    private let sessions = Lock<[String: ResumableSession]>([:])

    /// `@unchecked Sendable`, because OpenSSL counts a session's references atomically and it isn't changed here.
    private struct ResumableSession: @unchecked Sendable {
        var pointer: OpaquePointer
    }

    /// The maximum number of sessions, above the number of brokers of a client, so that changing names don't
    /// accumulate.
    private static let sessionLimit = 1000

    /// Creates the context for outgoing connections.
    package convenience init(client settings: TLSSettings) throws(TLSFailure) {
        try self.init(settings, isServer: false)
    }

    /// Creates the context for accepted connections.
    package convenience init(server settings: TLSSettings) throws(TLSFailure) {
        try self.init(settings, isServer: true)
    }

    private init(_ settings: TLSSettings, isServer: Bool) throws(TLSFailure) {
        self.settings = settings
        self.isServer = isServer
        ERR_clear_error()
        guard let context = SSL_CTX_new(isServer ? TLS_server_method() : TLS_client_method()) else {
            throw .other(OpenSSLError.takeText())
        }
        self.pointer = context
        kafka_SSL_CTX_set_modes(context)
        try self.setVersions()
        try self.setTrust()
        try self.setIdentity()
        if isServer {
            // Sessions are only resumed by tickets, but OpenSSL requires an ID.
            var name = UInt8(ascii: "k")
            SSL_CTX_set_session_id_context(context, &name, 1)
        } else {
            kafka_SSL_CTX_keep_client_sessions(context) { ssl, session in
                guard let ssl, let session, let wire = TLSWire.of(ssl) else { return 0 }
                return wire.keepsSession(session) ? 1 : 0
            }
        }
    }

    deinit {
        for session in self.sessions.withLock({ $0 }).values { SSL_SESSION_free(session.pointer) }
        SSL_CTX_free(self.pointer)
    }

    // MARK: Settings

    private func setVersions() throws(TLSFailure) {
        let settings = self.settings
        let minimum = settings.minimumVersion == .tls12 ? TLS1_2_VERSION : TLS1_3_VERSION
        let maximum = settings.maximumVersion == .tls12 ? TLS1_2_VERSION : TLS1_3_VERSION
        guard minimum <= maximum else { throw .configuration("the minimum TLS version lies above the maximum") }
        guard kafka_SSL_CTX_set_versions(self.pointer, minimum, maximum) == 1 else {
            throw .configuration("this OpenSSL does not have the TLS versions asked for: \(OpenSSLError.takeText())")
        }
        if let ciphers = settings.ciphers, SSL_CTX_set_cipher_list(self.pointer, ciphers) != 1 {
            throw .configuration("none of the ciphers \"\(ciphers)\" is known: \(OpenSSLError.takeText())")
        }
        if let suites = settings.cipherSuites, SSL_CTX_set_ciphersuites(self.pointer, suites) != 1 {
            throw .configuration("not all of the cipher suites \"\(suites)\" are known: \(OpenSSLError.takeText())")
        }
    }

    private func setTrust() throws(TLSFailure) {
        let settings = self.settings
        switch settings.trust {
        case .system:
            guard SSL_CTX_set_default_verify_paths(self.pointer) == 1 else {
                throw .configuration("the system's authorities can't be read: \(OpenSSLError.takeText())")
            }
        case .authorities(let pem):
            self.believe(try Certificates(pem: pem, what: "the authorities' certificates"))
        case .pkcs12(let bytes, let password):
            self.believe(try PKCS12File.readAuthorities(bytes, password: password))
        }
        ERR_clear_error()
        let mode: Int32
        if self.isServer {
            mode =
                settings.requiresClientCertificate ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE
        } else {
            mode = settings.verification == .none ? SSL_VERIFY_NONE : SSL_VERIFY_PEER
        }
        guard mode != SSL_VERIFY_NONE else { return SSL_CTX_set_verify(self.pointer, mode, nil) }
        SSL_CTX_set_verify(self.pointer, mode) { isGood, store in
            if isGood == 0, let store { TLSWire.noteRefusal(store) }
            return isGood
        }
    }

    private func believe(_ authorities: Certificates) {
        let store = SSL_CTX_get_cert_store(self.pointer)
        authorities.lend { certificates in
            for certificate in certificates { X509_STORE_add_cert(store, certificate) }
        }
        // Trust every given certificate, as Java does, not only roots: it can be an intermediate authority's or the
        // server's.
        X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
    }

    private func setIdentity() throws(TLSFailure) {
        guard let identity = self.settings.identity else {
            if self.isServer { throw .configuration("a server needs a certificate") }
            SSL_CTX_set_client_cert_cb(self.pointer) { ssl, _, _ in
                if let ssl { TLSWire.of(ssl)?.isCertificateMissing = true }
                return 0
            }
            return
        }
        let chain: Certificates
        let key: OpaquePointer
        switch identity {
        case .pem(let pem, let keyPEM, let password):
            chain = try Certificates(pem: pem, what: "the certificate chain")
            key = try PrivateKey.read(pem: keyPEM, password: password)
        case .pkcs12(let bytes, let password):
            (chain, key) = try PKCS12File.read(bytes, password: password)
        }
        defer { EVP_PKEY_free(key) }
        try chain.lend { certificates throws(TLSFailure) in
            guard let own = certificates.first, SSL_CTX_use_certificate(self.pointer, own) == 1 else {
                throw .configuration("the certificate can't be used: \(OpenSSLError.takeText())")
            }
            for certificate in certificates.dropFirst() {
                _ = kafka_SSL_CTX_add_chain_certificate(self.pointer, certificate)
            }
        }
        guard SSL_CTX_use_PrivateKey(self.pointer, key) == 1, SSL_CTX_check_private_key(self.pointer) == 1 else {
            throw .configuration("the private key does not belong to the certificate: \(OpenSSLError.takeText())")
        }
    }

    // MARK: Sessions

    /// Keeps a session for the next connection to a server. Takes ownership of the reference.
    func keep(_ session: OpaquePointer, for server: String) -> Bool {
        let kept = ResumableSession(pointer: session)
        let dropped = self.sessions.withLock { sessions -> [ResumableSession] in
            var dropped: [ResumableSession] = []
            if sessions.count >= Self.sessionLimit, sessions[server] == nil {
                dropped = Array(sessions.values)
                sessions = [:]
            }
            if let old = sessions.updateValue(kept, forKey: server) { dropped.append(old) }
            return dropped
        }
        for session in dropped { SSL_SESSION_free(session.pointer) }
        return true
    }

    /// Makes a connection resume the last session with a server.
    func resume(_ server: String, on ssl: OpaquePointer) {
        self.sessions.withLock { sessions in
            if let session = sessions[server] { SSL_set_session(ssl, session.pointer) }
        }
    }
}
