// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

/// How to speak TLS: whom to trust, who to be, and what is allowed.
package struct TLSSettings: Hashable, Sendable {
    /// Whose certificates are believed.
    package enum Trust: Hashable, Sendable {
        /// Those that the system believes.
        case system
        /// Those that these authorities have signed, in PEM.
        case authorities(Bytes)
        /// The same in PKCS#12.
        case pkcs12(Bytes, password: String?)
    }

    /// What is asked of the other side's certificate.
    package enum Verification: Hashable, Sendable {
        /// It comes from an authority that is trusted and names the host.
        case full
        /// It comes from an authority that is trusted, whatever it names.
        case authorityOnly
        /// Nothing at all.
        case none
    }

    /// A certificate with its key.
    package enum Identity: Hashable, Sendable {
        /// The chain, own certificate first, and the private key, both in PEM.
        case pem(chain: Bytes, key: Bytes, password: String?)
        /// All in one, in PKCS#12.
        case pkcs12(Bytes, password: String)
    }

    /// The versions that there are.
    package enum Version: Hashable, Sendable {
        case tls12
        case tls13
    }

    package var trust = Trust.system
    package var verification = Verification.full
    package var identity: Identity?
    package var minimumVersion = Version.tls12
    package var maximumVersion = Version.tls13
    /// OpenSSL's lists for TLS 1.2 and for 1.3; nil for its defaults.
    package var ciphers: String?
    package var cipherSuites: String?
    /// For servers: whether a client must show a certificate, which is verified by `trust`.
    package var requiresClientCertificate = false

    package init() {}
}

extension TLSSettings: CustomStringConvertible, CustomReflectable {
    /// Its type's name.
    package var description: String { "TLSSettings" }
    /// Nothing: keys and passwords are among what there is.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
