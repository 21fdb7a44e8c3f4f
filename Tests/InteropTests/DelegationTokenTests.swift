// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation
import KafkaTestSupport
import Testing

extension InteropTests {
    /// Delegation tokens, and authentication with them (KIP-48).
    @Suite(.timeLimit(.minutes(2)))
    struct DelegationTokens {
        private static let alice = KafkaPrincipal.user(SecuredListeners.username)

        private func client(
            _ cluster: TestCluster, _ mechanism: some SASLMechanism
        ) throws -> KafkaClientConfiguration {
            var client = KafkaClientConfiguration(
                bootstrapServers: try #require(cluster.secured).bootstrapServers(.sasl))
            client.security = .sasl(mechanism, over: .plaintext)
            client.log = SilentLog()
            client.apiTimeout = .seconds(20)
            return client
        }

        private func alice(_ cluster: TestCluster) throws -> KafkaClientConfiguration {
            try self.client(
                cluster,
                .scramSHA512(username: SecuredListeners.username, password: Secret(SecuredListeners.password)))
        }

        /// Waits until the broker knows the token: brokers learn of tokens from the metadata log, shortly after they
        /// are created.
        private func untilKnown(_ token: DelegationToken, _ admin: KafkaAdminClient) async throws {
            try await eventually("the broker knows the token") {
                try await admin.describeDelegationTokens().contains { $0.id == token.id }
            }
        }

        @Test(arguments: TestEnvironment.all)
        func aTokenIsCreatedDescribedRenewedUsedAndExpired(environment: TestEnvironment) async throws {
            let cluster = try await environment.securedCluster()
            let topic = try await cluster.createTopic("token")
            try await KafkaAdminClient.withAdminClient(self.alice(cluster)) { admin in
                let token = try await admin.createDelegationToken(
                    renewers: [.user("bob")], maximumLifetime: .seconds(3600))
                #expect(token.owner == Self.alice && token.renewers == [.user("bob")])
                #expect(token.requester == nil || token.requester == Self.alice)
                let lifetime =
                    token.expiresAtLatest.millisecondsSince1970 - token.issuedAt.millisecondsSince1970
                #expect(lifetime == 3_600_000)
                #expect(!"\(token)".contains(token.hmac.text))
                try await self.untilKnown(token, admin)

                let own = try await admin.describeDelegationTokens(owners: [Self.alice])
                #expect(own.contains(token))
                let others = try await admin.describeDelegationTokens(owners: [.user("dave")])
                #expect(others.isEmpty)
                let renewed = try await admin.renewDelegationToken(hmac: token.hmac, for: .seconds(60))
                #expect(renewed < token.expiresAtLatest)

                // The bearer is authenticated as alice, and can't create more tokens.
                let bearer = try self.client(cluster, .delegationToken(id: token.id, hmac: token.hmac))
                try await KafkaProducer.withProducer(ProducerConfiguration(bearer)) { producer in
                    _ = try await producer.send(ProducerRecord(topic: topic, value: "by token"))
                }
                let more = try await KafkaAdminClient.withAdminClient(bearer) { admin in
                    await #expect(throws: KafkaError.self) { try await admin.createDelegationToken() }
                }
                #expect(more?.brokerCode == .delegationTokenRequestNotAllowed, "\(String(describing: more))")

                // Using properties, with the other hash function.
                var byProperties = bearer
                byProperties.security = try KafkaSecurity(properties: [
                    "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-512",
                    "sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required "
                        + "username=\"\(token.id)\" password=\"\(token.hmac.text)\" tokenauth=\"true\";",
                ])
                try await KafkaProducer.withProducer(ProducerConfiguration(byProperties)) { producer in
                    _ = try await producer.send(ProducerRecord(topic: topic, value: "by properties"))
                }

                try await admin.expireDelegationToken(hmac: token.hmac)
                try await eventually("the broker has forgotten the token") {
                    try await admin.describeDelegationTokens().allSatisfy { $0.id != token.id }
                }
                let ended = await #expect(throws: KafkaError.self) {
                    try await KafkaProducer.withProducer(ProducerConfiguration(bearer)) { producer in
                        _ = try await producer.send(ProducerRecord(topic: topic, value: "too late"))
                    }
                }
                #expect(ended?.code == .authenticationFailed, "\(String(describing: ended))")
                #expect(ended?.description.contains(token.hmac.text) == false)
                let again = await #expect(throws: KafkaError.self) {
                    try await admin.renewDelegationToken(hmac: token.hmac)
                }
                #expect(again?.brokerCode == .delegationTokenNotFound, "\(String(describing: again))")
            }
        }

        @Test(arguments: TestEnvironment.withTools)
        func aTokenCreatedByKafkasToolAuthenticatesThisClient(environment: TestEnvironment) async throws {
            let cluster = try await environment.securedCluster()
            let secured = try #require(cluster.secured)
            let file = TemporaryFolder.path("alice.properties")
            try Data(
                """
                security.protocol=SASL_PLAINTEXT
                sasl.mechanism=SCRAM-SHA-256
                sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \
                username="\(SecuredListeners.username)" password="\(SecuredListeners.password)";
                """.utf8
            ).write(to: file)
            try await KafkaTool.run(
                "org.apache.kafka.tools.DelegationTokenCommand",
                [
                    "--bootstrap-server", secured.bootstrapServers(.sasl).joined(separator: ","), "--command-config",
                    file.path, "--create", "--max-life-time-period", "-1", "--renewer-principal", "User:carol",
                ])
            try await KafkaAdminClient.withAdminClient(self.alice(cluster)) { admin in
                var found: DelegationToken?
                try await eventually("the broker knows the token") {
                    found = try await admin.describeDelegationTokens().first { $0.renewers == [.user("carol")] }
                    return found != nil
                }
                let token = try #require(found)
                try await self.expectSameTokens(secured.bootstrapServers(.sasl), file)
                let bearer = try self.client(cluster, .delegationToken(id: token.id, hmac: token.hmac))
                let topic = try await cluster.createTopic("token")
                try await KafkaProducer.withProducer(ProducerConfiguration(bearer)) { producer in
                    _ = try await producer.send(ProducerRecord(topic: topic, value: "by Java's token"))
                }
            }
        }

        /// Compares what the command line tool lists with what Kafka's tool does.
        private func expectSameTokens(_ servers: [String], _ properties: URL) async throws {
            let told = try await KafkaTool.run(
                "org.apache.kafka.tools.DelegationTokenCommand",
                [
                    "--bootstrap-server", servers.joined(separator: ","), "--command-config", properties.path,
                    "--describe", "--owner-principal", "User:\(SecuredListeners.username)",
                ])
            // TOKENID HMAC OWNER REQUESTER RENEWERS ISSUEDATE EXPIRYDATE MAXDATE
            let rows = told.map { $0.split(whereSeparator: \.isWhitespace).map(String.init) }
                .filter { $0.count >= 5 && $0[2].hasPrefix("User:") }
                .map { [$0[0], $0[2], $0[4].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))] }
            let result = try await ToolProgram(servers).run(
                ["tokens", "list", "-o", "json", "--properties", properties.path])
            let listed = try JSONSerialization.jsonObject(with: Data(result.output.joined().utf8)) as? [[String: Any]]
            let printed = (listed ?? []).map { token in
                [
                    "\(token["id"] ?? "")", "\(token["owner"] ?? "")",
                    (token["renewers"] as? [String] ?? []).joined(separator: ","),
                ]
            }
            #expect(!rows.isEmpty, "\(told)")
            #expect(printed.sorted { $0[0] < $1[0] } == rows.sorted { $0[0] < $1[0] }, "\(result)")
        }

        @Test(arguments: TestEnvironment.all.prefix(2))
        func aRefusedTokenRequestSaysWhy(environment: TestEnvironment) async throws {
            let cluster = try await environment.securedCluster()
            var nobody = KafkaClientConfiguration(bootstrapServers: cluster.bootstrapServers)
            nobody.log = SilentLog()
            let unknown = try await KafkaAdminClient.withAdminClient(nobody) { admin in
                await #expect(throws: KafkaError.self) { try await admin.createDelegationToken() }
            }
            #expect(unknown?.brokerCode == .delegationTokenRequestNotAllowed, "\(String(describing: unknown))")
        }
    }
}
