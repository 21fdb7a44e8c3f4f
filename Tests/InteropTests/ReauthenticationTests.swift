// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import Foundation
import KafkaMemory
import KafkaTestSupport
import KafkaTransport
import Testing

extension InteropTests {
    /// Sessions that the broker ends after three seconds (KIP-368), under load.
    @Suite(.timeLimit(.minutes(4)))
    struct Reauthentication {
        /// The duration of the load: several sessions, within the suite's time limit.
        private static let seconds = min(
            ProcessInfo.processInfo.environment["KAFKA_TEST_LOAD_SECONDS"].flatMap(Int.init) ?? 10, 120)

        @Test(arguments: TestEnvironment.all.prefix(2))
        func openConnectionsReauthenticateWithoutLoss(environment: TestEnvironment) async throws {
            switch environment {
            case .embedded:
                let secured = try SecuredListeners(kinds: [.sasl, .saslOverTLS])
                var configuration = try secured.configuration()
                configuration.maxSession = .seconds(3)
                configuration.createTopicsAutomatically = false
                try await EmbeddedKafka.withCluster(configuration) { kafka in
                    try await Self.load(.embedded(kafka, secured: secured))
                }
            case .real(let installation):
                let settings = ["connections.max.reauth.ms": "3000"]
                try await RealCluster.withCluster(installation, settings: settings, isSecured: true) { cluster in
                    try await Self.load(.real(cluster))
                }
            }
        }

        @Test(.namesWhere) func sessionsThatEndWithCachedTokensLoseNothing() async {
            await atOnce(on: TestEnvironment.all.prefix(2)) { environment in
                let cluster = try await environment.securedCluster()
                let topic = try await cluster.createTopic("tokens")
                let cache = CachingTokenProvider(UnsecuredTokens(lifetime: 4))
                try await Self.load(cluster, topic, .sasl(.oauthBearer(cache), over: .plaintext))
            }
        }

        /// Runs the load with every mechanism at once.
        private static func load(_ cluster: TestCluster) async throws {
            let user = SecuredListeners.username
            let password = Secret(SecuredListeners.password)
            let provider = FailingNowAndThen()
            let tls = KafkaTLSConfiguration(trust: .pem(try #require(cluster.secured).authority.certificate))
            let token = try await Self.delegationToken(cluster)
            let tokens: @Sendable () -> SASLCredentials = { SASLCredentials(username: token.id, password: token.hmac) }
            let ways: [(String, KafkaSecurity)] = [
                ("TLS", .sasl(.scramSHA256(username: user, password: password), over: .tls(tls))),
                ("DELEGATION", .sasl(.delegationToken(hash: .sha512, credentials: tokens), over: .plaintext)),
                ("SCRAM", .sasl(.scramSHA512(username: user, password: password), over: .plaintext)),
                ("PLAIN", .sasl(.plain(username: user, password: password), over: .plaintext)),
                ("OAUTHBEARER", .sasl(.oauthBearer(provider), over: .plaintext)),
            ]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (name, security) in ways {
                    let topic = try await cluster.createTopic(name)
                    let kind = name == "TLS" ? SecuredListeners.Kind.saslOverTLS : .sasl
                    group.addTask { try await Self.load(cluster, topic, security, kind) }
                }
                try await group.waitForAll()
            }
            // Each connection has requested more than one token, and continued after failures.
            #expect(provider.calls > 4, "\(provider.calls)")
            #expect(provider.failures > 0)
        }

        /// Returns a token that authenticates as the user.
        private static func delegationToken(_ cluster: TestCluster) async throws -> DelegationToken {
            var client = KafkaClientConfiguration(bootstrapServers: cluster.secured?.bootstrapServers(.sasl) ?? [])
            client.security = .sasl(
                .plain(username: SecuredListeners.username, password: Secret(SecuredListeners.password)),
                over: .plaintext)
            return try await KafkaAdminClient.withAdminClient(client) { admin in
                let token = try await admin.createDelegationToken()
                try await eventually("the broker knows the token") {
                    try await admin.describeDelegationTokens().contains { $0.id == token.id }
                }
                return token
            }
        }

        /// Writes and reads during several sessions: connections outlast them, and each record arrives once and in
        /// order.
        static func load(
            _ cluster: TestCluster, _ topic: String, _ security: KafkaSecurity, _ kind: SecuredListeners.Kind = .sasl
        ) async throws {
            let log = SessionLog()
            var client = KafkaClientConfiguration(
                bootstrapServers: cluster.secured?.bootstrapServers(kind) ?? [])
            client.security = security
            client.log = log
            let settings = client
            let end = ContinuousClock.now + .seconds(Self.seconds)
            let sent = try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask {
                    try await KafkaProducer.withProducer(ProducerConfiguration(settings)) { producer in
                        var count = 0
                        while ContinuousClock.now < end {
                            for _ in 0..<50 {
                                try await producer.enqueue(
                                    ProducerRecord(topic: topic, partition: 0, value: "\(count)"))
                                count += 1
                            }
                            _ = try await producer.send(ProducerRecord(topic: topic, partition: 0, value: "\(count)"))
                            count += 1
                        }
                        return count
                    }
                }
                let written = Lock<Int?>(nil)
                group.addTask {
                    var reading = ConsumerConfiguration(settings, groupID: topic)
                    reading.autoOffsetReset = .earliest
                    return try await KafkaConsumer.withConsumer(reading, subscribedTo: [topic]) { consumer in
                        var next = 0
                        while written.withLock({ $0.map { next < $0 } ?? true }) {
                            for record in try await consumer.poll(max: 1000, timeout: .milliseconds(200)) {
                                #expect(record.text == "\(next)")
                                next += 1
                            }
                        }
                        return next
                    }
                }
                let first = try await group.next() ?? 0
                written.withLock { $0 = first }
                let second = try await group.next() ?? 0
                #expect(first == second)
                return first
            }
            #expect(sent > 100)
            // Usually four. A stalled machine may miss the end of a session on all of them at once. Without renewal
            // there would be at least twelve.
            #expect(log.connections <= 10, "\(topic)")
            #expect(log.failures.count <= 4, "\(topic): \(log.failures)")
            // If a provider's failure ended the session, this would be a third of all renewals, of which there are
            // twelve.
            #expect(log.failures.count { $0.contains("The token provider failed") } <= 2, "\(topic): \(log.failures)")
            #expect(log.renewals > log.failures.count, "\(topic)")
        }
    }
}

/// Provides tokens that last a minute; every third call fails.
private final class FailingNowAndThen: OAuthBearerTokenProvider {
    private struct Failure: Error {}
    private let counts = Lock((calls: 0, failures: 0))

    var calls: Int { self.counts.withLock { $0.calls } }
    var failures: Int { self.counts.withLock { $0.failures } }

    func token() throws -> OAuthBearerToken {
        let fails = self.counts.withLock { counts in
            counts.calls += 1
            if counts.calls % 3 == 0 { counts.failures += 1 }
            return counts.calls % 3 == 0
        }
        if fails { throw Failure() }
        return OAuthBearerToken(Secret(SecuredListeners.unsecuredToken(lifetime: 60)), lifetime: .seconds(60))
    }
}

/// Counts what a client logs about its connections and sessions.
final class SessionLog: KafkaLog {
    private let lines = Lock<[String]>([])

    var connections: Int { self.lines.withLock { $0.count { $0.hasPrefix("Connected [") } } }
    var renewals: Int { self.lines.withLock { $0.count { $0.hasPrefix("Authenticated again") } } }
    var failures: [String] { self.lines.withLock { $0.filter { $0.contains("could not be renewed") } } }

    func isEnabled(_ level: KafkaLogLevel) -> Bool { true }

    func log(_ level: KafkaLogLevel, _ message: String, metadata: [(key: String, value: String)]) {
        self.lines.withLock { $0.append("\(message) \(metadata)") }
    }
}
