// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import Testing

/// Who a client is to the embedded broker's authorizer, on a listener that requires certificates.
@Suite(.timeLimit(.minutes(1))) struct CertificatePrincipalTests {
    @Test func aClientIsKnownByTheSubjectOfItsCertificate() async throws {
        let authority = try EmbeddedKafka.Authority()
        var configuration = EmbeddedKafka.Configuration()
        configuration.listeners = [
            EmbeddedKafka.Listener("MTLS", tls: try authority.tls(requiresClientCertificate: true))
        ]
        configuration.authorizer = EmbeddedKafka.Authorizer(superUsers: ["User:CN=alice"])
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            try await kafka.createTopic("t")
            for (name, isPermitted) in [("alice", true), ("bob", false)] {
                let issued = try authority.issue(to: name)
                var tls = KafkaTLSConfiguration(trust: .pem(authority.certificate))
                tls.identity = .pem(chain: issued.chain, key: issued.key)
                var client = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers(of: "MTLS"))
                client.security = .tls(tls)
                client.log = SilentLog()
                try await KafkaProducer.withProducer(ProducerConfiguration(client)) { producer in
                    let record = ProducerRecord(topic: "t", value: "of \(name)")
                    if isPermitted {
                        _ = try await producer.send(record)
                    } else {
                        let error = await #expect(throws: KafkaError.self) { try await producer.send(record) }
                        #expect(error?.code == .authorizationFailed)
                    }
                }
            }
            #expect(try await kafka.records(of: "t").map(\.value) == ["of alice"])
        }
    }
}
