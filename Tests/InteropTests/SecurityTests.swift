// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaOIDC
import KafkaTestSupport
import KafkaTransport
import Testing

/// A way to connect to a secured listener.
private struct Way: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let kind: SecuredListeners.Kind
    let security: @Sendable (SecuredListeners) throws -> KafkaSecurity

    init(
        _ name: String, _ kind: SecuredListeners.Kind,
        _ security: @escaping @Sendable (SecuredListeners) throws -> KafkaSecurity
    ) {
        self.testDescription = name
        self.kind = kind
        self.security = security
    }

    private static let user = SecuredListeners.username
    private static let password = Secret(SecuredListeners.password)

    private static func trusting(_ secured: SecuredListeners) -> KafkaTLSConfiguration {
        KafkaTLSConfiguration(trust: .pem(secured.authority.certificate))
    }

    static let all: [Way] = [
        Way("TLS", .tls) { .tls(Self.trusting($0)) },
        Way("mutual TLS", .mutualTLS) { secured in
            let issued = try secured.authority.issue(name: "client", hosts: [])
            var configuration = Self.trusting(secured)
            configuration.identity = .pem(chain: issued.chain, key: issued.key)
            return .tls(configuration)
        },
        Way("PLAIN", .sasl) { _ in .sasl(.plain(username: Self.user, password: Self.password), over: .plaintext) },
        Way("SCRAM-SHA-256", .sasl) { _ in
            .sasl(.scramSHA256(username: Self.user, password: Self.password), over: .plaintext)
        },
        Way("SCRAM-SHA-512", .sasl) { _ in
            .sasl(.scramSHA512(username: Self.user, password: Self.password), over: .plaintext)
        },
        Way("OAUTHBEARER", .sasl) { _ in .sasl(.oauthBearer(UnsecuredTokens()), over: .plaintext) },
        Way("OAUTHBEARER with extensions", .sasl) { _ in
            .sasl(.oauthBearer(UnsecuredTokens(extensions: ["trace": "a b"])), over: .plaintext)
        },
        Way("PLAIN over TLS", .saslOverTLS) {
            .sasl(.plain(username: Self.user, password: Self.password), over: .tls(Self.trusting($0)))
        },
        Way("SCRAM-SHA-512 over TLS", .saslOverTLS) {
            .sasl(.scramSHA512(username: Self.user, password: Self.password), over: .tls(Self.trusting($0)))
        },
        Way("OAUTHBEARER over TLS", .saslOverTLS) {
            .sasl(.oauthBearer(CachingTokenProvider(UnsecuredTokens())), over: .tls(Self.trusting($0)))
        },
    ]
}

extension InteropTests {
    /// Every way to connect to a secured cluster, and the errors for wrong ones.
    @Suite(.timeLimit(.minutes(3)))
    struct Security {
        private func client(
            _ cluster: TestCluster, _ kind: SecuredListeners.Kind, _ security: KafkaSecurity
        ) throws -> KafkaClientConfiguration {
            let secured = try #require(cluster.secured)
            var client = KafkaClientConfiguration(bootstrapServers: secured.bootstrapServers(kind))
            client.security = security
            client.log = SilentLog()
            return client
        }

        @Test(arguments: TestEnvironment.all)
        func recordsAreWrittenAndReadOverEverySecurityProtocol(environment: TestEnvironment) async throws {
            let cluster = try await environment.securedCluster()
            let secured = try #require(cluster.secured)
            for way in Way.all where secured.kinds.contains(way.kind) {
                let topic = try await cluster.createTopic("secured", partitions: 2)
                let client = try self.client(cluster, way.kind, way.security(secured))
                let values = (0..<200).map { "\(way.testDescription) \($0)" }
                let records = values.map { ProducerRecord(topic: topic, key: "\($0)", value: "\($0)") }
                try await KafkaProducer.withProducer(ProducerConfiguration(client)) { producer in
                    for result in await producer.send(records) { _ = try result.get() }
                }
                var reading = ConsumerConfiguration(client, groupID: unique("group"))
                reading.autoOffsetReset = .earliest
                let read = try await KafkaConsumer.withConsumer(reading, subscribedTo: [topic]) { consumer in
                    let records = try await consumer.read(values.count)
                    try await consumer.commit()
                    return records
                }
                #expect(Set(read.map(\.text)) == Set(values), "\(way.testDescription)")
            }
        }

        @Test(arguments: TestEnvironment.all)
        func tokensAreFetchedFromAnAuthorizationServer(environment: TestEnvironment) async throws {
            let cluster = try await environment.securedCluster()
            let authority = try CertificateAuthority()
            let server = try HTTPServer(identity: authority.issue().identity) { request, _ in
                guard request.form["grant_type"] == "client_credentials",
                    request.headers["authorization"] == "Basic a2Fma2EtY2xpZW50OmNsaWVudC1zZWNyZXQ="
                else { return .json(#"{"error":"invalid_client"}"#, status: 401) }
                let token = SecuredListeners.unsecuredToken(lifetime: 600)
                return .json(#"{"access_token":"\#(token)","token_type":"Bearer","expires_in":600}"#)
            }
            var endpoint = TokenEndpoint(server.url())
            endpoint.tls.trust = .pem(authority.certificate)
            func security(_ secret: Secret) throws -> KafkaSecurity {
                let tokens = try ClientCredentialsTokenProvider(
                    endpoint, clientID: "kafka-client", clientSecret: secret)
                return .sasl(.oauthBearer(CachingTokenProvider(tokens)), over: .plaintext)
            }
            let topic = try await cluster.createTopic("tokens", partitions: 2)
            let client = try self.client(cluster, .sasl, security("client-secret"))
            try await KafkaProducer.withProducer(ProducerConfiguration(client)) { producer in
                for number in 0..<20 {
                    _ = try await producer.send(ProducerRecord(topic: topic, key: "\(number)", value: "\(number)"))
                }
            }
            #expect(server.requests.count == 1, "one token for all connections")

            let error = try #require(try await self.refusal(cluster, .sasl, security("wrong")))
            #expect(error.code == .authenticationFailed)
            #expect(error.description.contains("invalid_client"), "\(error)")
        }

        /// Returns the error of a producer that connects in this way.
        private func refusal(
            _ cluster: TestCluster, _ kind: SecuredListeners.Kind, _ security: KafkaSecurity
        ) async throws -> KafkaError? {
            var client = try self.client(cluster, kind, security)
            client.apiTimeout = .seconds(5)
            client.requestTimeout = .seconds(4)
            var producing = ProducerConfiguration(client)
            producing.deliveryTimeout = .seconds(5)
            producing.maxBlock = .seconds(5)
            do {
                try await KafkaProducer.withProducer(producing) { producer in
                    _ = try await producer.send(ProducerRecord(topic: "any", value: "x"))
                }
                return nil
            } catch let error as KafkaError {
                return error
            }
        }

        @Test(arguments: TestEnvironment.all)
        func aWrongPasswordIsRefusedAtOnceByEveryMechanism(environment: TestEnvironment) async throws {
            let cluster = try await environment.securedCluster()
            let user = SecuredListeners.username
            let wrong: [KafkaSecurity] = [
                .sasl(.plain(username: user, password: "wrong-pass"), over: .plaintext),
                .sasl(.scramSHA256(username: user, password: "wrong-pass"), over: .plaintext),
                .sasl(.scramSHA512(username: "nobody", password: "wrong-pass"), over: .plaintext),
                .sasl(.oauthBearer(UnsecuredTokens(subject: "")), over: .plaintext),
            ]
            for security in wrong {
                let error = try await self.refusal(cluster, .sasl, security)
                #expect(error?.code == .authenticationFailed, "\(security): \(String(describing: error))")
                #expect(error?.description.contains("wrong-pass") == false)
            }
        }

        @Test(arguments: TestEnvironment.all)
        func aReaderIsNotifiedThatItsPasswordIsRefused(environment: TestEnvironment) async throws {
            let cluster = try await environment.securedCluster()
            let topic = try await cluster.createTopic("secured")
            let client = try self.client(
                cluster, .sasl,
                .sasl(.scramSHA256(username: SecuredListeners.username, password: "wrong-pass"), over: .plaintext))
            let inGroup = await #expect(throws: KafkaError.self) {
                try await KafkaConsumer.withConsumer(
                    ConsumerConfiguration(client, groupID: unique("group")), subscribedTo: [topic]
                ) { _ = try await $0.read(1) }
            }
            #expect(inGroup?.code == .authenticationFailed, "\(String(describing: inGroup))")
            let byHand = await #expect(throws: KafkaError.self) {
                try await KafkaConsumer.withConsumer(
                    ConsumerConfiguration(client), assigned: [TopicPartition(topic, 0)]
                ) { _ = try await $0.read(1) }
            }
            #expect(byHand?.code == .authenticationFailed, "\(String(describing: byHand))")
        }

        @Test(.namesWhere) func aWrongSecurityProtocolIsRefusedWithTheRightOneNamed() async {
            await atOnce(on: TestEnvironment.all) { try await self.useWrongProtocols(on: $0) }
        }

        private func useWrongProtocols(on environment: TestEnvironment) async throws {
            let cluster = try await environment.securedCluster()
            let secured = try #require(cluster.secured)
            let user = SecuredListeners.username
            let gssapi = UnofferedMechanism()
            let unoffered = try await self.refusal(cluster, .sasl, .sasl(gssapi, over: .plaintext))
            #expect(unoffered?.code == .authenticationFailed)
            #expect(unoffered?.message.contains("SCRAM-SHA-512") == true, "\(String(describing: unoffered))")
            guard secured.kinds.contains(.tls) else { return }

            let trusting = KafkaTLSConfiguration(trust: .pem(secured.authority.certificate))
            let noSASL = try await self.refusal(
                cluster, .tls, .sasl(.plain(username: user, password: "x"), over: .tls(trusting)))
            #expect(noSASL?.message.contains("takes no SASL") == true, "\(String(describing: noSASL))")

            let untrusted = try await self.refusal(cluster, .tls, .tls())
            #expect(untrusted?.code == .tlsFailed)
            #expect(untrusted?.message.contains("authority") == true, "\(String(describing: untrusted))")

            let withoutCertificate = try await self.refusal(cluster, .mutualTLS, .tls(trusting))
            #expect(withoutCertificate?.code == .authenticationFailed, "\(String(describing: withoutCertificate))")
            #expect(withoutCertificate?.message.contains("client certificate") == true)

            let plain = try await self.refusal(cluster, .tls, .plaintext)
            #expect(plain?.message.contains("TLS") == true, "\(String(describing: plain))")

            let tlsToPlain = try await self.refusal(cluster, .sasl, .tls(trusting))
            #expect(tlsToPlain?.description.contains("plaintext") == true, "\(String(describing: tlsToPlain))")
        }
    }
}

/// A mechanism that none of the brokers offers.
private struct UnofferedMechanism: SASLMechanism {
    let name = "GSSAPI"

    func makeExchange(with server: KafkaServer) -> any SASLExchange { Exchange() }

    private struct Exchange: SASLExchange {
        func respond(to challenge: Bytes?) -> SASLResponse { .done }
    }
}
