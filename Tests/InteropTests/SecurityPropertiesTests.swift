// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation
import KafkaTestSupport
import KafkaTransport
import Testing

extension InteropTests {
    /// A properties file with which both Kafka's tools and this client connect.
    @Suite(.timeLimit(.minutes(2)), .enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"))
    struct SecurityPropertiesFiles {
        private static let user = SecuredListeners.username
        private static let password = SecuredListeners.password
        private static let modules = "org.apache.kafka.common.security"

        @Test(arguments: TestEnvironment.withTools)
        func thePropertiesOfKafkasToolsConnectThisClient(environment: TestEnvironment) async throws {
            let cluster = try await environment.securedCluster()
            let secured = try #require(cluster.secured)
            let topic = try await cluster.createTopic("properties")
            let issued = try secured.authority.issue(name: "client", hosts: [])
            let keyStore = try self.file("client.p12", Data(issued.pkcs12(password: "store-secret")))
            let authority = try self.file("authority.pem", Data(secured.authority.certificate))
            let trustStore = TemporaryFolder.path("trust.p12").path
            // Created with keytool, as usual: OpenSSL's files lack an attribute by which Java recognizes authorities.
            let keytool = try ChildProcess(
                "keytool",
                [
                    try #require(RealKafka.keytool), "-importcert", "-noprompt", "-alias", "ca", "-file", authority,
                    "-keystore", trustStore, "-storetype", "PKCS12", "-storepass", "store-secret",
                ], output: .lines(errors: TemporaryFolder.path("keytool.err")))
            try await keytool.output()

            func inOneLine(_ pem: some Sequence<UInt8>) -> String {
                String(decoding: Array(pem), as: UTF8.self).replacing("\n", with: " \\\n  ")
            }
            let trust = "ssl.truststore.type=PEM\nssl.truststore.location=\(authority)"
            let files: [(SecuredListeners.Kind, String)] = [
                (
                    .mutualTLS,
                    """
                    security.protocol=SSL
                    ssl.truststore.location=\(trustStore)
                    ssl.truststore.password=store-secret
                    ssl.keystore.type=PKCS12
                    ssl.keystore.location=\(keyStore)
                    ssl.keystore.password=store-secret
                    ssl.enabled.protocols=TLSv1.2
                    ssl.cipher.suites=TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
                    """
                ),
                (
                    .mutualTLS,
                    """
                    security.protocol=SSL
                    ssl.truststore.type=PEM
                    ssl.truststore.certificates=\(inOneLine(secured.authority.certificate))
                    ssl.keystore.type=PEM
                    ssl.keystore.certificate.chain=\(inOneLine(issued.chain))
                    ssl.keystore.key=\(inOneLine(issued.key))
                    """
                ),
                (
                    .saslOverTLS,
                    """
                    security.protocol=SASL_SSL
                    sasl.mechanism=SCRAM-SHA-512
                    sasl.jaas.config=\(Self.modules).scram.ScramLoginModule required \\
                        username="\(Self.user)" \\
                        password="\\u0061\(Self.password.dropFirst())";
                    \(trust)
                    ssl.endpoint.identification.algorithm=
                    """
                ),
                (
                    .sasl,
                    """
                    security.protocol SASL_PLAINTEXT
                    sasl.mechanism : OAUTHBEARER
                    sasl.jaas.config = \(Self.modules).oauthbearer.OAuthBearerLoginModule required \\
                        unsecuredLoginStringClaim_sub="\(Self.user)";
                    """
                ),
            ]
            for (index, (kind, text)) in files.enumerated() {
                let path = try self.file("client-\(index).properties", Data(text.utf8))
                let servers = secured.bootstrapServers(kind)
                let topics = try await KafkaTool.run(
                    "org.apache.kafka.tools.TopicCommand",
                    ["--bootstrap-server", servers.joined(separator: ","), "--command-config", path, "--list"])
                #expect(topics.contains(topic), "Java with file \(index)")

                var client = KafkaClientConfiguration(bootstrapServers: servers)
                client.security = try KafkaSecurity(propertiesFile: path)
                client.log = SilentLog()
                try await KafkaProducer.withProducer(ProducerConfiguration(client)) { producer in
                    _ = try await producer.send(ProducerRecord(topic: topic, value: "\(index)"))
                }
            }
        }

        private func file(_ name: String, _ contents: Data) throws -> String {
            let path = TemporaryFolder.path(name)
            try contents.write(to: path)
            return path.path
        }
    }
}
