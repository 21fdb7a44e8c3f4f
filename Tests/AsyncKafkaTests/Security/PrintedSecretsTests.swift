// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaMemory
import KafkaTestSupport
import KafkaTransport
import Testing

/// What configurations reveal when they are logged.
@Suite struct PrintedSecretsTests {
    private static let password = "s3cret-passphrase"

    /// Configurations with every kind of identity and password.
    private func configurations(_ issued: CertificateAuthority.Issued) throws -> [KafkaTLSConfiguration] {
        let password = Secret(Self.password)
        let bundle = Bytes(Array(issued.chain) + Array(issued.key))
        let identities: [KafkaTLSConfiguration.Identity] = [
            .pem(chain: issued.chain, key: issued.key), .pem(chain: bundle, key: bundle, password: password),
            .pemFiles(chain: "/chain.pem", key: "/key.pem", password: password),
            .pkcs12(try issued.pkcs12(password: Self.password), password: password),
            .pkcs12File("/identity.p12", password: password),
        ]
        return identities.map {
            KafkaTLSConfiguration(trust: .pkcs12File("/trust.p12", password: password), identity: $0)
        }
    }

    @Test func neitherKeyNorPasswordIsPrinted() throws {
        let issued = try CertificateAuthority().issue()
        let secrets = bodyLines(ofPEM: issued.key) + [Substring(Self.password)]
        try #require(secrets.count > 2)
        for tls in try self.configurations(issued) {
            let mechanism = PlainMechanism.plain(username: "u", password: Secret(Self.password))
            for security in [KafkaSecurity.tls(tls), .sasl(mechanism, over: .tls(tls))] {
                var configuration = KafkaClientConfiguration(bootstrapServers: ["localhost:1"])
                configuration.security = security
                let values: [Any] = [
                    tls, tls.identity as Any, security, configuration, ProducerConfiguration(configuration),
                    try TLSContext(client: self.settings(issued)),
                ]
                for value in values {
                    let text = printedText(of: value)
                    #expect(!secrets.contains { text.contains($0) }, "\(type(of: value))")
                }
            }
        }
    }

    private func settings(_ issued: CertificateAuthority.Issued) throws -> TLSSettings {
        var settings = TLSSettings()
        settings.identity = .pem(
            chain: issued.chain, key: try issued.encryptedKey(password: Self.password), password: Self.password)
        return settings
    }

    @Test func aMechanismsMessageIsNotPrinted() {
        let text = printedText(of: SASLResponse.send("\0alice\0open-sesame"))
        #expect(!text.contains("open-sesame"))
        #expect(text.contains("send(18 bytes)"))
    }

    @Test func otherSettingsArePrinted() throws {
        let issued = try CertificateAuthority().issue()
        let texts = try self.configurations(issued).map { printedText(of: $0) }
        let expected = [
            "pem(chain: \(issued.chain.count) bytes, key: <redacted>)", "key: <redacted>, password: <redacted>)",
            "pemFiles(chain: /chain.pem, key: /key.pem, password: <redacted>)", "bytes, password: <redacted>)",
            "pkcs12File(/identity.p12, password: <redacted>)",
        ]
        for (text, part) in zip(texts, expected) {
            #expect(text.contains(part))
            #expect(text.contains("/trust.p12"))
        }
    }
}
