// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// What all brokers' listeners of one name have in common.
struct BrokerListener {
    let name: String
    /// What connections speak TLS with, from the next one on; nil for plaintext.
    var tls: TLSContext?
    /// What they log in with; empty for no SASL.
    let mechanisms: [EmbeddedKafka.Mechanism]

    /// The one that asks for nothing; it comes first.
    static let plain = BrokerListener(name: "PLAINTEXT", tls: nil, mechanisms: [])

    init(name: String, tls: TLSContext?, mechanisms: [EmbeddedKafka.Mechanism]) {
        self.name = name
        self.tls = tls
        self.mechanisms = mechanisms
    }

    init(_ listener: EmbeddedKafka.Listener) throws(EmbeddedKafkaError) {
        self.init(name: listener.name, tls: try listener.tls?.context(), mechanisms: listener.mechanisms)
    }
}
