// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// How connections are secured, and how the client says who it is (`security.protocol`).
///
/// ```swift
/// configuration.security = .tls()
/// configuration.security = .sasl(.scramSHA512(username: "billing", password: password), over: .tls())
/// ```
public struct KafkaSecurity: Sendable {
    /// What carries the bytes.
    @nonexhaustive
    public enum Transport: Sendable {
        /// Anybody on the way can read and change what is sent. For loopback and for networks that are trusted.
        case plaintext
        /// TLS 1.2 or 1.3.
        case tls(KafkaTLSConfiguration = KafkaTLSConfiguration())
    }

    let transport: Transport
    let mechanism: (any SASLMechanism)?

    private init(_ transport: Transport, _ mechanism: (any SASLMechanism)?) {
        self.transport = transport
        self.mechanism = mechanism
    }

    /// Neither encryption nor authentication (`PLAINTEXT`).
    public static let plaintext = KafkaSecurity(.plaintext, nil)

    /// Encryption; authentication too, if the configuration has an identity (`SSL`).
    public static func tls(_ configuration: KafkaTLSConfiguration = KafkaTLSConfiguration()) -> KafkaSecurity {
        KafkaSecurity(.tls(configuration), nil)
    }

    /// Authentication by a SASL mechanism (`SASL_SSL` over TLS, `SASL_PLAINTEXT` over plaintext).
    ///
    /// Over plaintext to anything but this machine a warning is logged once: whoever is on the way can use what he hears.
    public static func sasl(_ mechanism: some SASLMechanism, over transport: Transport) -> KafkaSecurity {
        KafkaSecurity(transport, mechanism)
    }
}

extension KafkaSecurity: CustomStringConvertible {
    /// Kafka's name for it, with the mechanism's. No secrets.
    public var description: String {
        let isEncrypted = if case .tls = self.transport { true } else { false }
        guard let mechanism = self.mechanism else { return isEncrypted ? "SSL" : "PLAINTEXT" }
        return "\(isEncrypted ? "SASL_SSL" : "SASL_PLAINTEXT") \(mechanism.name)"
    }
}
