// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if GSSAPI

import AsyncKafka
import EmbeddedKafka
import Foundation
import KafkaTestSupport
import KafkaTransport
import Testing

extension InteropTests {
    /// Kerberos with a KDC that the tests start. Sessions end after three seconds.
    @Suite(.serialized, .timeLimit(.minutes(3)), .enabled(if: KerberosRealm.isAvailable, "\(KerberosRealm.skipped)"))
    struct GSSAPI {
        private func secured(
            _ cluster: TestCluster, _ mechanism: some SASLMechanism, _ kind: SecuredListeners.Kind = .sasl
        ) throws -> KafkaClientConfiguration {
            let secured = try #require(cluster.secured)
            var client = KafkaClientConfiguration(bootstrapServers: secured.bootstrapServers(kind))
            let tls = KafkaTLSConfiguration(trust: .pem(secured.authority.certificate))
            client.security = .sasl(mechanism, over: kind == .sasl ? .plaintext : .tls(tls))
            client.log = SilentLog()
            return client
        }

        /// Writes and reads a record.
        private func roundTrip(_ cluster: TestCluster, _ client: KafkaClientConfiguration) async throws {
            let topic = try await cluster.createTopic("kerberos")
            try await KafkaProducer.withProducer(ProducerConfiguration(client)) { producer in
                _ = try await producer.send(ProducerRecord(topic: topic, value: "hello"))
            }
            var reading = ConsumerConfiguration(client, groupID: unique("group"))
            reading.autoOffsetReset = .earliest
            let read = try await KafkaConsumer.withConsumer(reading, subscribedTo: [topic]) { try await $0.read(1) }
            #expect(read.map(\.text) == ["hello"])
        }

        private func refusal(_ client: KafkaClientConfiguration) async throws -> KafkaError {
            var client = client
            client.apiTimeout = .seconds(7)
            client.requestTimeout = .seconds(3)
            client.connectionSetupTimeout = .seconds(3)
            var producing = ProducerConfiguration(client)
            // Enough time for an attempt to end, and for delays of this machine.
            producing.deliveryTimeout = .seconds(7)
            producing.maxBlock = .seconds(7)
            let error = await #expect(throws: KafkaError.self) {
                try await KafkaProducer.withProducer(producing) { producer in
                    _ = try await producer.send(ProducerRecord(topic: "any", value: "x"))
                }
            }
            return try #require(error)
        }

        /// Runs `body`, and makes sure that the KDC runs afterwards.
        private func disturbing(_ realm: KerberosRealm, _ body: () async throws -> Void) async throws {
            do {
                try await body()
            } catch {
                await realm.killKDC()
                try await realm.startKDC()
                throw error
            }
            await realm.killKDC()
            try await realm.startKDC()
        }

        @Test(arguments: TestEnvironment.all)
        func keytabsTicketCachesAndPropertiesFilesAuthenticate(environment: TestEnvironment) async throws {
            let (realm, cluster) = try await Kerberized.shared.cluster(environment)
            let keytab = KerberosCredentials.keytab(realm.keytab.path, principal: realm.client)
            try await self.roundTrip(cluster, self.secured(cluster, .gssapi(keytab)))
            if cluster.secured?.kinds.contains(.saslOverTLS) == true {
                try await self.roundTrip(cluster, self.secured(cluster, .gssapi(keytab), .saslOverTLS))
            }
            let cache = try await realm.makeTicketCache()
            try await self.roundTrip(cluster, self.secured(cluster, .gssapi(.ticketCache(cache.path))))
            try await self.roundTrip(
                cluster, self.secured(cluster, .gssapi(.ticketCache("FILE:\(cache.path)", principal: realm.client))))

            let file = TemporaryFolder.path("kerberos.properties")
            try Data(
                """
                security.protocol=SASL_PLAINTEXT
                sasl.kerberos.service.name=kafka
                sasl.jaas.config=com.sun.security.auth.module.Krb5LoginModule required \\
                    useKeyTab=true storeKey=true \\
                    keyTab="\(realm.keytab.path)" \\
                    principal="\(realm.client)";
                """.utf8
            ).write(to: file)
            var client = try self.secured(cluster, .gssapi(keytab))
            client.security = try KafkaSecurity(propertiesFile: file.path)
            #expect(client.security.description == "SASL_PLAINTEXT GSSAPI")
            try await self.roundTrip(cluster, client)
        }

        @Test(.enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"))
        func kafkasToolsAuthenticateToTheEmbeddedBrokerWithTickets() async throws {
            let (realm, cluster) = try await Kerberized.shared.cluster(.embedded)
            let topic = try await cluster.createTopic("kerberos")
            for kind in [SecuredListeners.Kind.sasl, .saslOverTLS] {
                let secured = try #require(cluster.secured)
                let authority = TemporaryFolder.path("authority.pem")
                try Data(secured.authority.certificate).write(to: authority)
                let file = TemporaryFolder.path("kerberos.properties")
                try Data(
                    """
                    security.protocol=\(kind == .sasl ? "SASL_PLAINTEXT" : "SASL_SSL")
                    ssl.truststore.type=PEM
                    ssl.truststore.location=\(authority.path)
                    sasl.kerberos.service.name=kafka
                    sasl.jaas.config=com.sun.security.auth.module.Krb5LoginModule required \\
                        useKeyTab=true storeKey=true keyTab="\(realm.keytab.path)" principal="\(realm.client)";
                    """.utf8
                ).write(to: file)
                let topics = try await KafkaTool.run(
                    "org.apache.kafka.tools.TopicCommand",
                    [
                        "--bootstrap-server", secured.bootstrapServers(kind).joined(separator: ","),
                        "--command-config", file.path, "--list",
                    ], options: ["-Djava.security.krb5.conf=\(realm.configuration.path)"])
                #expect(topics.contains(topic))
            }
        }

        @Test(arguments: TestEnvironment.all.prefix(2))
        func openConnectionsReauthenticateWithoutLoss(environment: TestEnvironment) async throws {
            let (realm, cluster) = try await Kerberized.shared.cluster(environment)
            let topic = try await cluster.createTopic("kerberos")
            try await Reauthentication.load(
                cluster, topic,
                .sasl(.gssapi(.keytab(realm.keytab.path, principal: realm.client)), over: .plaintext))
        }

        @Test(arguments: TestEnvironment.all.prefix(2))
        func errorsNameThePrincipalTheKeytabAndTheService(environment: TestEnvironment) async throws {
            let (realm, cluster) = try await Kerberized.shared.cluster(environment)
            let wrong: [(GSSAPIMechanism, [String])] = [
                (.gssapi(.keytab("/no/such.keytab", principal: realm.client)), ["/no/such.keytab", realm.client]),
                (.gssapi(.keytab(realm.keytab.path, principal: "nobody")), ["nobody", realm.keytab.path]),
                (.gssapi(.keytab(realm.keytab.path, principal: realm.stranger)), ["mallory", "not found in Kerberos"]),
                (.gssapi(.ticketCache("/no/such.cache")), ["/no/such.cache"]),
                (
                    .gssapi(.keytab(realm.keytab.path, principal: realm.client), serviceName: "nosuch"),
                    ["nosuch/localhost", "not found in Kerberos"]
                ),
            ]
            for (mechanism, words) in wrong {
                let error = try await self.refusal(try self.secured(cluster, mechanism))
                #expect(error.code == .authenticationFailed, "\(error)")
                for word in words { #expect(error.description.contains(word), "\(error)") }
            }
        }

        @Test(.namesWhere) func anUnreachableOrSilentKDCIsATypedErrorInTime() async throws {
            let realm = try await KerberosRealm.shared()
            @Sendable func fresh(_ environment: TestEnvironment) async throws -> (TestCluster, KafkaClientConfiguration)
            {
                let cluster = try await Kerberized.shared.cluster(environment).1
                return (
                    cluster, try self.secured(cluster, .gssapi(.keytab(realm.keytab.path, principal: realm.client)))
                )
            }
            let environments = TestEnvironment.all.prefix(2)
            // The clusters have to be there before the KDC isn't.
            for environment in environments { _ = try await fresh(environment) }
            try await self.disturbing(realm) {
                realm.pauseKDC()
                await atOnce(on: environments) { environment in
                    let silent = try await self.refusal(fresh(environment).1)
                    #expect(silent.description.contains("credentials for GSSAPI did not answer in time"), "\(silent)")
                }
                realm.resumeKDC()
                await realm.killKDC()
                await atOnce(on: environments) { environment in
                    let gone = try await self.refusal(fresh(environment).1)
                    #expect(gone.description.contains("KDC"), "\(gone)")
                    #expect(gone.description.contains(KerberosRealm.name), "\(gone)")
                }
            }
            for environment in environments {
                let (cluster, client) = try await fresh(environment)
                try await self.roundTrip(cluster, client)
            }
        }

        @Test(arguments: TestEnvironment.all.prefix(2))
        func aKDCThatStopsUnderLoadIsNotNeededWhileTheTicketsLast(environment: TestEnvironment) async throws {
            let (realm, cluster) = try await Kerberized.shared.cluster(environment)
            let topic = try await cluster.createTopic("kerberos")
            let log = SessionLog()
            var client = try self.secured(cluster, .gssapi(.keytab(realm.keytab.path, principal: realm.client)))
            client.log = log
            try await self.disturbing(realm) {
                try await KafkaProducer.withProducer(ProducerConfiguration(client)) { producer in
                    _ = try await producer.send(ProducerRecord(topic: topic, value: "x"))
                    await realm.killKDC()
                    while log.renewals < 3 { _ = try await producer.send(ProducerRecord(topic: topic, value: "x")) }
                }
            }
            // A stalled machine may miss the end of a session, which has nothing to do with the KDC.
            #expect(!log.failures.contains { $0.contains("KDC") }, "\(log.failures)")
        }
    }
}

/// A shared cluster of each environment that accepts tickets of the realm.
private actor Kerberized {
    static let shared = Kerberized()

    private var clusters: [String: Task<TestCluster, any Error>] = [:]

    func cluster(_ environment: TestEnvironment) async throws -> (KerberosRealm, TestCluster) {
        let realm = try await KerberosRealm.shared()
        let name = environment.testDescription
        let cluster = self.clusters[name] ?? Task { try await Self.start(environment, realm) }
        self.clusters[name] = cluster
        do {
            return (realm, try await cluster.value)
        } catch {
            // Only this test fails; the next one tries again.
            if self.clusters[name] == cluster { self.clusters[name] = nil }
            throw error
        }
    }

    private static func start(_ environment: TestEnvironment, _ realm: KerberosRealm) async throws -> TestCluster {
        switch environment {
        case .embedded:
            let secured = try SecuredListeners(kerberos: realm)
            var configuration = try secured.configuration()
            configuration.maxSession = .seconds(3)
            configuration.createTopicsAutomatically = false
            return .embedded(try await EmbeddedKafka.start(configuration), secured: secured)
        case .real(let installation):
            return .real(
                try await RealCluster.start(
                    installation, settings: ["connections.max.reauth.ms": "3000"], isSecured: true, kerberos: realm))
        }
    }
}

#endif
