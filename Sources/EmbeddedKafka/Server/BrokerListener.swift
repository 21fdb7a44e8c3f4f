// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// The settings that the listeners of one name share on all brokers.
struct BrokerListener {
    let name: String
    /// The TLS context for new connections, or nil for no TLS.
    var tls: TLSContext?
    let requiresClientCertificate: Bool
    /// The SASL mechanisms, or empty for no SASL.
    let mechanisms: [EmbeddedKafka.Mechanism]

    /// The plaintext listener without SASL, which comes first.
    static let plain = BrokerListener(
        name: "PLAINTEXT", tls: nil, requiresClientCertificate: false, mechanisms: [])

    init(
        name: String, tls: TLSContext?, requiresClientCertificate: Bool, mechanisms: [EmbeddedKafka.Mechanism]
    ) {
        self.name = name
        self.tls = tls
        self.requiresClientCertificate = requiresClientCertificate
        self.mechanisms = mechanisms
    }

    init(_ listener: EmbeddedKafka.Listener) throws(EmbeddedKafkaError) {
        self.init(
            name: listener.name, tls: try listener.tls?.context(),
            requiresClientCertificate: listener.tls?.clientAuthorities != nil, mechanisms: listener.mechanisms)
    }
}
