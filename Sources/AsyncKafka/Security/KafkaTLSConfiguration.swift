// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import KafkaMemory

/// The TLS configuration: trusted authorities, the client's certificate, and protocol options.
public struct KafkaTLSConfiguration: Sendable {
    /// The certificates that are trusted.
    @nonexhaustive
    public enum Trust: Hashable, Sendable {
        /// The system's certificate authorities.
        case system
        /// The certificates in this PEM text: root or intermediate authorities, or a broker's own certificate.
        case pem(Bytes)
        /// The certificates in this PEM file. The file is read again when it changes.
        case pemFile(String)
        /// The certificates in this PKCS#12 store.
        case pkcs12(Bytes, password: Secret? = nil)
        /// The certificates in this PKCS#12 file. The file is read again when it changes.
        case pkcs12File(String, password: Secret? = nil)
    }

    /// A client certificate and its private key, for brokers that require mutual TLS.
    @nonexhaustive
    public enum Identity: Hashable, Sendable {
        /// A certificate chain, leaf certificate first, and its private key (PKCS#8 or a traditional format), both in
        /// PEM.
        case pem(chain: Bytes, key: Bytes, password: Secret? = nil)
        /// The PEM files of a certificate chain and its private key, which may be the same file. They are read again
        /// when they change.
        case pemFiles(chain: String, key: String, password: Secret? = nil)
        /// A PKCS#12 store with the certificate chain and the private key.
        case pkcs12(Bytes, password: Secret)
        /// A PKCS#12 file with the certificate chain and the private key. The file is read again when it changes.
        case pkcs12File(String, password: Secret)
    }

    /// How a broker's certificate is verified.
    @nonexhaustive
    public enum Verification: Hashable, Sendable {
        /// The certificate is signed by a trusted authority and matches the host name of the broker.
        case full
        /// The certificate is signed by a trusted authority, for any host name (`ssl.endpoint.identification.algorithm`
        /// empty). Anyone with a certificate from that authority can impersonate a broker.
        case authorityOnly
        /// The certificate isn't verified. Anyone on the network path can read and modify the data.
        case disabled
    }

    /// A TLS version.
    @nonexhaustive
    public enum Version: Hashable, Sendable {
        /// TLS 1.2 (RFC 5246).
        case tls12
        /// TLS 1.3 (RFC 8446).
        case tls13
    }

    /// The trusted certificates. Default: the system's authorities.
    public var trust: Trust
    /// The client certificate. Default: none.
    public var identity: Identity?
    /// How a broker's certificate is verified. Default: `.full`.
    public var verification = Verification.full
    /// The minimum TLS version. Default: 1.2.
    public var minimumVersion = Version.tls12
    /// The maximum TLS version. Default: 1.3.
    public var maximumVersion = Version.tls13
    /// The TLS 1.2 ciphers in OpenSSL's notation (`ECDHE+AESGCM`). Default: nil, for OpenSSL's own defaults.
    public var ciphers: String?
    /// The TLS 1.3 cipher suites (`TLS_AES_256_GCM_SHA384:…`). Default: nil, for OpenSSL's own defaults.
    public var cipherSuites: String?

    /// Creates a TLS configuration.
    public init(trust: Trust = .system, identity: Identity? = nil) {
        self.trust = trust
        self.identity = identity
    }
}

extension KafkaTLSConfiguration.Identity: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The case and its file paths. For data in memory only the size, since a PEM chain may include the key.
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

    /// The same as ``KafkaTLSConfiguration/Identity/description``, so that debuggers and collections don't reveal the key.
    public var debugDescription: String { self.description }
    /// A mirror without children, so that `dump` doesn't reveal the key.
    public var customMirror: Mirror { Mirror(self, children: []) }

    private static func described(_ password: Secret?) -> String {
        password.map { ", password: \($0)" } ?? ""
    }
}
