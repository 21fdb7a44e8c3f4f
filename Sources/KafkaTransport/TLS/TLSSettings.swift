// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

/// The settings of TLS: trust, identity, and allowed versions and ciphers.
package struct TLSSettings: Hashable, Sendable {
    /// The certificates that are trusted.
    package enum Trust: Hashable, Sendable {
        /// Those of the system's authorities.
        case system
        /// Those of the given authorities, in PEM.
        case authorities(Bytes)
        /// Those of the given authorities, in PKCS#12.
        case pkcs12(Bytes, password: String?)
    }

    /// The checks of the peer's certificate.
    package enum Verification: Hashable, Sendable {
        /// It must be from a trusted authority and name the host.
        case full
        /// It must be from a trusted authority, but can name any host.
        case authorityOnly
        /// It isn't checked.
        case none
    }

    /// A certificate and its key.
    package enum Identity: Hashable, Sendable {
        /// The chain, starting with the own certificate, and the private key, both in PEM.
        case pem(chain: Bytes, key: Bytes, password: String?)
        /// The chain and the key in PKCS#12.
        case pkcs12(Bytes, password: String)
    }

    /// A version of TLS.
    package enum Version: Hashable, Sendable {
        case tls12
        case tls13
    }

    package var trust = Trust.system
    package var verification = Verification.full
    package var identity: Identity?
    package var minimumVersion = Version.tls12
    package var maximumVersion = Version.tls13
    /// OpenSSL's cipher list for TLS 1.2, or nil for its default. `cipherSuites` is the one for TLS 1.3.
    package var ciphers: String?
    package var cipherSuites: String?
    /// Whether a server requires client certificates, which it verifies by `trust`.
    package var requiresClientCertificate = false

    package init() {}
}

extension TLSSettings: CustomStringConvertible, CustomReflectable {
    /// The name of the type, because the settings contain keys and passwords.
    package var description: String { "TLSSettings" }
    /// An empty mirror, because the settings contain keys and passwords.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
