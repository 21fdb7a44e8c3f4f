// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0
import AsyncKafka
import EmbeddedKafka
import KafkaMemory
import KafkaTestSupport
import Testing

extension InteropTests {
    /// Credentials that are wrong for a while, or never arrive.
    @Suite(.timeLimit(.minutes(3)))
    struct WrongCredentials {
        private func client(
            _ cluster: TestCluster, _ mechanism: some SASLMechanism, log: LineLog = LineLog()
        ) throws -> KafkaClientConfiguration {
            let secured = try #require(cluster.secured)
            var client = KafkaClientConfiguration(bootstrapServers: secured.bootstrapServers(.sasl))
            client.security = .sasl(mechanism, over: .plaintext)
            client.log = log
            return client
        }

        /// Provides a valid token first, and then an unusable one.
        private final class Source: OAuthBearerTokenProvider {
            private let bad: String
            private let isFirst = Lock(true)

            init(_ bad: String) { self.bad = bad }

            func token() -> OAuthBearerToken {
                let isFirst = self.isFirst.withLock { isFirst in
                    defer { isFirst = false }
                    return isFirst
                }
                if isFirst { return UnsecuredTokens(lifetime: 3600).token() }
                return OAuthBearerToken(Secret(self.bad), lifetime: .seconds(3600))
            }
        }

        @Test(
            arguments: TestEnvironment.all,
            ["<html>502</html>", SecuredListeners.unsecuredToken(subject: "", lifetime: 3600)])
        func anUnusableTokenDoesNotReplaceAValidOne(environment: TestEnvironment, bad: String) async throws {
            let cluster = try await environment.securedCluster()
            let topic = try await cluster.createTopic("tokens")
            let cache = CachingTokenProvider(Source(bad))
            let client = try self.client(cluster, .oauthBearer(cache))
            var failures: [any Error] = []
            func connect() async {
                do {
                    var client = client
                    client.retryBackoff = .milliseconds(10)
                    try await KafkaProducer.withProducer(ProducerConfiguration(client)) {
                        _ = try await $0.partitions(of: topic)
                    }
                } catch {
                    failures.append(error)
                }
            }
            await connect()
            #expect(failures.isEmpty)
            // The provider is asked for a token that outlasts the one in use, as when a session is renewed.
            _ = try? await cache.token(validForMoreThan: .seconds(7200))
            for _ in 0..<8 { await connect() }
            // A token is known to be refused only after a connection has used it, one in this test.
            #expect(failures.count <= 1, "\(failures)")
        }

        private struct Never: OAuthBearerTokenProvider {
            func token() async throws -> OAuthBearerToken {
                for await _ in AsyncStream(Swift.Never.self, { _ in }) {}
                throw CancellationError()
            }
        }

        @Test(arguments: TestEnvironment.all)
        func aHangingProviderIsReportedAtItsFirstTimeout(environment: TestEnvironment) async throws {
            let cluster = try await environment.securedCluster()
            let log = LineLog()
            var client = try self.client(cluster, .oauthBearer(Never(), tokenTimeout: .seconds(2)), log: log)
            client.connectionSetupTimeout = .seconds(2)
            try await KafkaProducer.withProducer(ProducerConfiguration(client)) { _ in
                try await eventually("a warning", within: .seconds(20)) {
                    !log.lines(.warning, containing: "The token provider did not answer").isEmpty
                }
            }
        }

        @Test(arguments: TestEnvironment.all)
        func anExtensionWithoutAValueIsRefusedAndNamed(environment: TestEnvironment) async throws {
            let cluster = try await environment.securedCluster()
            var client = try self.client(cluster, .oauthBearer(UnsecuredTokens(extensions: ["trace": ""])))
            client.log = SilentLog()
            let error = await #expect(throws: KafkaError.self) {
                try await KafkaProducer.withProducer(ProducerConfiguration(client)) {
                    _ = try await $0.partitions(of: "any")
                }
            }
            #expect(error?.message.contains("trace") == true, "\(String(describing: error))")
        }

        @Test(arguments: TestEnvironment.withTools)
        func aProducerWritesOnceItsUserIsCreated(environment: TestEnvironment) async throws {
            let cluster = try await environment.securedCluster()
            // With ZooKeeper, brokers can't create users.
            if case .real(let cluster) = cluster, cluster.installation.usesZooKeeper { return }
            let topic = try await cluster.createTopic("users")
            let name = unique("user")
            let client = try self.client(cluster, .scramSHA256(username: name, password: "late-secret"))
            try await KafkaProducer.withProducer(ProducerConfiguration(client)) { producer in
                let record = ProducerRecord(topic: topic, value: "x")
                let error = await #expect(throws: KafkaError.self) { try await producer.send(record) }
                #expect(error?.code == .authenticationFailed)
                #expect(error?.isFatal == false)
                switch cluster {
                case .embedded(let kafka, _): try await kafka.setPassword("late-secret", of: name)
                case .real(let cluster):
                    try await cluster.run(
                        "kafka.admin.ConfigCommand",
                        [
                            "--bootstrap-server", cluster.bootstrap, "--alter", "--entity-type", "users",
                            "--entity-name", name, "--add-config", "SCRAM-SHA-256=[password=late-secret]",
                        ])
                }
                try await eventually("the record is stored") { (try? await producer.send(record)) != nil }
            }
        }
    }
}
