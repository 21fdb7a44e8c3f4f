// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import Foundation
import KafkaTestSupport
import KafkaTransport
import Testing

/// The cluster that a suite runs on: the embedded broker, or a version of real Kafka available on this machine.
enum TestEnvironment: Sendable, CustomTestStringConvertible {
    case embedded
    case real(KafkaInstallation)

    /// The embedded broker comes first: what fails there too is this client's fault and quickly found.
    static let all: [TestEnvironment] =
        (RealKafka.isWanted("embedded") ? [.embedded] : []) + RealKafka.installations.map { .real($0) }

    /// All real versions.
    static let real: [TestEnvironment] = RealKafka.installations.map { .real($0) }

    /// The embedded broker and the newest real version, if Kafka's tools are available.
    static let withTools: [TestEnvironment] = RealKafka.isAvailable ? Array(Self.all.prefix(2)) : []

    var testDescription: String {
        switch self {
        case .embedded: "EmbeddedKafka"
        case .real(let installation): installation.description
        }
    }

    /// The cluster shared by all tests of the process.
    func cluster() async throws -> TestCluster {
        switch self {
        case .embedded: .embedded(try await SharedEmbeddedKafka.all.kafka())
        case .real(let installation): .real(try await SharedClusters.all.cluster(installation))
        }
    }

    /// The shared cluster that also has listeners with TLS and SASL.
    func securedCluster() async throws -> TestCluster {
        switch self {
        case .embedded:
            .embedded(try await SharedEmbeddedKafka.secured.kafka(), secured: try SharedEmbeddedKafka.listeners.get())
        case .real(let installation):
            .real(try await SharedClusters.all.cluster(installation, isSecured: true))
        }
    }
}

/// A cluster of either kind.
enum TestCluster: Sendable {
    case embedded(EmbeddedKafka, secured: SecuredListeners? = nil)
    case real(RealCluster)

    var bootstrapServers: [String] {
        switch self {
        case .embedded(let kafka, _): kafka.bootstrapServers
        case .real(let cluster): cluster.bootstrapServers
        }
    }

    /// The listeners with TLS or SASL, if there are any.
    var secured: SecuredListeners? {
        switch self {
        case .embedded(_, let secured): secured
        case .real(let cluster): cluster.secured
        }
    }

    /// The bootstrap servers in the format of Kafka's tools.
    var bootstrap: String { self.bootstrapServers.joined(separator: ",") }

    /// A configuration for clients. It logs nothing, since warnings are expected where brokers are killed.
    var client: KafkaClientConfiguration {
        var configuration = KafkaClientConfiguration(bootstrapServers: self.bootstrapServers)
        configuration.log = SilentLog()
        return configuration
    }

    /// Creates a topic with a unique name that begins with `name`.
    func createTopic(
        _ name: String = "topic", partitions: Int = 1, settings: [String: String] = [:]
    ) async throws -> String {
        let name = unique(name)
        switch self {
        case .embedded(let kafka, _):
            try await kafka.createTopic(name, partitions: partitions, configuration: settings)
        case .real(let cluster):
            try await cluster.createTopic(name, partitions: partitions, settings: settings)
        }
        return name
    }

    /// Deletes a topic and creates another one of the same name, with one partition.
    func recreateTopic(_ name: String) async throws {
        switch self {
        case .embedded(let kafka, _):
            try await kafka.deleteTopic(name)
            try await kafka.createTopic(name)
        case .real(let cluster):
            try await cluster.deleteTopic(name)
            // With ZooKeeper, the old topic briefly prevents the creation of the new one.
            try await eventually("\(name) can be made again") {
                (try? await cluster.createTopic(name)) != nil
            }
        }
    }

    /// Deletes a topic.
    func deleteTopic(_ name: String) async throws {
        switch self {
        case .embedded(let kafka, _): try await kafka.deleteTopic(name)
        case .real(let cluster): try await cluster.deleteTopic(name)
        }
    }
}

/// Returns a name that no other test uses.
func unique(_ name: String) -> String {
    "\(name)-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
}

/// An embedded broker shared by all tests.
private actor SharedEmbeddedKafka {
    static let all = SharedEmbeddedKafka { EmbeddedKafka.Configuration() }
    /// Created once, by the first caller.
    static let listeners = Result { try SecuredListeners() }
    static let secured = SharedEmbeddedKafka { try SharedEmbeddedKafka.listeners.get().configuration() }

    private let configuration: @Sendable () throws -> EmbeddedKafka.Configuration
    private var starting: Task<EmbeddedKafka, any Error>?

    private init(_ configuration: @escaping @Sendable () throws -> EmbeddedKafka.Configuration) {
        self.configuration = configuration
    }

    func kafka() async throws -> EmbeddedKafka {
        if let task = self.starting { return try await task.value }
        let task = Task { [configuration] in
            var configuration = try configuration()
            // As on the real clusters: topics aren't created automatically, short sessions are allowed, and members of
            // the consumer protocol learn soon of what changes.
            configuration.consumerHeartbeatInterval = .milliseconds(200)
            configuration.createTopicsAutomatically = false
            configuration.sessionTimeouts = .seconds(1) ... .seconds(1800)
            configuration.maxRequestBytes = 100 << 20
            return try await EmbeddedKafka.start(configuration)
        }
        self.starting = task
        return try await task.value
    }
}

extension SecuredListeners {
    /// The configuration of an embedded cluster with the same listeners, users and tokens.
    func configuration(brokers: Int = 1) throws -> EmbeddedKafka.Configuration {
        var configuration = EmbeddedKafka.Configuration(brokers: brokers)
        configuration.users = [Self.username: Self.password]
        // As on the real clusters.
        configuration.authorizer = EmbeddedKafka.Authorizer(superUsers: ["User:ANONYMOUS"], allowsIfNoACL: true)
        configuration.checkToken = { token, _ in UnsecuredTokens.check(token) }
        let issued = try self.authority.issue()
        configuration.listeners = self.kinds.map { kind in
            var listener = EmbeddedKafka.Listener(
                kind.rawValue, ports: (1...brokers).map { self.port(kind, broker: $0) ?? 0 })
            if kind.usesTLS {
                listener.tls = EmbeddedKafka.TLS(
                    chain: issued.chain, key: issued.key,
                    clientAuthorities: kind == .mutualTLS ? self.authority.certificate : nil)
            }
            if kind.usesSASL { listener.mechanisms = [.plain, .scramSHA256, .scramSHA512, .oauthBearer] }
            #if GSSAPI
            if kind.usesSASL, self.kerberos != nil { listener.mechanisms.append(.gssapi) }
            #endif
            return listener
        }
        #if GSSAPI
        configuration.kerberos = self.kerberos.map {
            EmbeddedKafka.Kerberos(keytab: $0.keytab.path, principal: $0.broker)
        }
        #endif
        return configuration
    }
}

/// All suites, one after the other: they share two cores with the brokers.
@Suite(.serialized)
struct InteropTests {}
