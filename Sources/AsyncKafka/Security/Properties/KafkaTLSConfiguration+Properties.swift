// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import KafkaMemory

extension KafkaTLSConfiguration {
    /// Takes the `ssl.*` properties.
    init(_ properties: inout SecurityProperties) {
        self.init()
        if let trust = KeyStoreProperties.takeTrust(&properties) { self.trust = trust }
        self.identity = KeyStoreProperties.takeIdentity(&properties)
        let verification = "ssl.endpoint.identification.algorithm"
        switch properties.take(verification)?.lowercased() {
        case nil, "https": break
        case "": self.verification = .authorityOnly
        default:
            properties.complain(
                verification, "it is either https or empty, which lets any host with a certificate pose as the broker")
        }
        self.takeVersions(&properties)
        self.takeCiphers(&properties)
    }

    private mutating func takeVersions(_ properties: inout SecurityProperties) {
        // As in Java, it lists the available versions, and `ssl.enabled.protocols` selects from them.
        if let context = properties.takeText("ssl.protocol"), !["TLS", "TLSv1.2", "TLSv1.3"].contains(context) {
            properties.complain("ssl.protocol", "it must be TLSv1.3, TLSv1.2 or TLS: nothing older is spoken")
        }
        let name = "ssl.enabled.protocols"
        guard let enabled = properties.takeList(name) else { return }
        for version in enabled where !["TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1"].contains(version) {
            properties.complain(name, "\"\(version)\" is no version of TLS: there are TLSv1.3 and TLSv1.2")
        }
        switch (enabled.contains("TLSv1.2"), enabled.contains("TLSv1.3")) {
        case (true, true): break
        case (true, false): self.maximumVersion = .tls12
        case (false, true): self.minimumVersion = .tls13
        case (false, false):
            properties.complain(name, "TLSv1.3, TLSv1.2 or both must be in it: nothing older is spoken")
        }
    }

    private mutating func takeCiphers(_ properties: inout SecurityProperties) {
        let name = "ssl.cipher.suites"
        guard let suites = properties.takeList(name) else { return }
        // The names of TLS 1.3 suites don't include the key exchange.
        let new = suites.filter { !$0.contains("_WITH_") }
        var old: [String] = []
        for suite in suites {
            let translated = OPENSSL_cipher_name(suite).map { String(cString: $0) }
            guard let translated, translated != "(NONE)" else {
                properties.complain(name, "\"\(suite)\" is no cipher suite that OpenSSL knows")
                continue
            }
            if suite.contains("_WITH_") { old.append(translated) }
        }
        if old.isEmpty { self.minimumVersion = .tls13 } else { self.ciphers = old.joined(separator: ":") }
        if new.isEmpty { self.maximumVersion = .tls12 } else { self.cipherSuites = new.joined(separator: ":") }
        if self.minimumVersion == .tls13, self.maximumVersion == .tls12 {
            properties.complain(name, "none of them is for the versions in ssl.enabled.protocols")
        }
    }
}
