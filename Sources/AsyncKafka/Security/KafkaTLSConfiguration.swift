// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import KafkaMemory

/// How TLS is spoken: whom to trust, and who this client is.
public struct KafkaTLSConfiguration: Sendable {
    /// Whose certificates are believed.
    @nonexhaustive
    public enum Trust: Hashable, Sendable {
        /// Those that the system believes.
        case system
        /// Those signed by these authorities, in PEM: roots or others. A broker's own certificate will do too.
        case pem(Bytes)
        /// Those signed by the authorities in this PEM file, which is read again when it has changed.
        case pemFile(String)
        /// Those that this PKCS#12 store has.
        case pkcs12(Bytes, password: Secret? = nil)
        /// The same in a file, which is read again when it has changed.
        case pkcs12File(String, password: Secret? = nil)
    }

    /// A client's certificate with its key, for brokers that want one (mutual TLS).
    @nonexhaustive
    public enum Identity: Hashable, Sendable {
        /// The chain, own certificate first, and the private key (PKCS#8 or older), both in PEM.
        case pem(chain: Bytes, key: Bytes, password: Secret? = nil)
        /// The same in files, which are read again when they have changed. Both may be one file.
        case pemFiles(chain: String, key: String, password: Secret? = nil)
        /// All in one, in PKCS#12.
        case pkcs12(Bytes, password: Secret)
        /// The same in a file, which is read again when it has changed.
        case pkcs12File(String, password: Secret)
    }

    /// What is asked of a broker's certificate.
    @nonexhaustive
    public enum Verification: Hashable, Sendable {
        /// It comes from an authority that is trusted, and names the host that was connected to.
        case full
        /// It comes from an authority that is trusted, and may name any host (`ssl.endpoint.identification.algorithm` empty):
        /// every holder of a certificate of that authority can pose as a broker.
        case authorityOnly
        /// Nothing: everybody on the way can read and change everything.
        case disabled
    }

    /// A version of TLS.
    @nonexhaustive
    public enum Version: Hashable, Sendable {
        /// RFC 5246.
        case tls12
        /// RFC 8446.
        case tls13
    }

    /// Whose certificates are believed. The system's authorities by default.
    public var trust: Trust
    /// This client's certificate. None by default.
    public var identity: Identity?
    /// What is asked of a broker's certificate. Everything by default.
    public var verification = Verification.full
    /// The oldest version to speak. 1.2 by default.
    public var minimumVersion = Version.tls12
    /// The newest version to speak. 1.3 by default.
    public var maximumVersion = Version.tls13
    /// The ciphers for TLS 1.2, as OpenSSL lists them (`ECDHE+AESGCM`); nil for its defaults.
    public var ciphers: String?
    /// The cipher suites for TLS 1.3 (`TLS_AES_256_GCM_SHA384:…`); nil for OpenSSL's defaults.
    public var cipherSuites: String?

    /// TLS with the system's trusted authorities, or others.
    public init(trust: Trust = .system, identity: Identity? = nil) {
        self.trust = trust
        self.identity = identity
    }
}

extension KafkaTLSConfiguration.Identity: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Which of them it is, and where its files are. Of what is in memory only the size: a chain may have its key.
    public var description: String {
        switch self {
        case .pem(let chain, _, let password):
            "pem(chain: \(chain.count) bytes, key: <redacted>\(Self.described(password)))"
        case .pemFiles(let chain, let key, let password):
            "pemFiles(chain: \(chain), key: \(key)\(Self.described(password)))"
        case .pkcs12(let bytes, let password): "pkcs12(\(bytes.count) bytes\(Self.described(password)))"
        case .pkcs12File(let path, let password): "pkcs12File(\(path)\(Self.described(password)))"
        }
    }

    /// `description`, so that debuggers and collections show no more than a log.
    public var debugDescription: String { self.description }
    /// No children, so that `dump` doesn't show the key.
    public var customMirror: Mirror { Mirror(self, children: []) }

    private static func described(_ password: Secret?) -> String {
        password.map { ", password: \($0)" } ?? ""
    }
}
