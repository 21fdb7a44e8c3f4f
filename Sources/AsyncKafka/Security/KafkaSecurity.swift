// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// How connections are encrypted and authenticated (`security.protocol`).
///
/// ```swift
/// configuration.security = .tls()
/// configuration.security = .sasl(.scramSHA512(username: "billing", password: password), over: .tls())
/// ```
public struct KafkaSecurity: Sendable {
    /// The transport beneath SASL.
    @nonexhaustive
    public enum Transport: Sendable {
        /// No encryption: anyone on the network path can read and modify the data. Use it for loopback and trusted
        /// networks.
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

    /// No encryption and no authentication (`PLAINTEXT`).
    public static let plaintext = KafkaSecurity(.plaintext, nil)

    /// Returns TLS, with client authentication if the configuration has an identity (`SSL`).
    public static func tls(_ configuration: KafkaTLSConfiguration = KafkaTLSConfiguration()) -> KafkaSecurity {
        KafkaSecurity(.tls(configuration), nil)
    }

    /// Returns authentication with a SASL mechanism (`SASL_SSL` over TLS, `SASL_PLAINTEXT` over plaintext).
    ///
    /// Over plaintext a warning is logged once for a broker that isn't on the loopback interface, since credentials can
    /// be intercepted.
    public static func sasl(_ mechanism: some SASLMechanism, over transport: Transport) -> KafkaSecurity {
        KafkaSecurity(transport, mechanism)
    }
}

extension KafkaSecurity: CustomStringConvertible {
    /// Kafka's name for the protocol, and the mechanism's name. Contains no secrets.
    public var description: String {
        let isEncrypted = if case .tls = self.transport { true } else { false }
        guard let mechanism = self.mechanism else { return isEncrypted ? "SSL" : "PLAINTEXT" }
        return "\(isEncrypted ? "SASL_SSL" : "SASL_PLAINTEXT") \(mechanism.name)"
    }
}
