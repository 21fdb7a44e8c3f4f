// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaMemory
import KafkaTestSupport
import Testing

extension InteropTests {
    /// The calls about access control entries, quotas and SCRAM users, compared with Kafka's own tools.
    @Suite(.timeLimit(.minutes(5)))
    struct AdminSecurity {
        /// A configuration that authenticates on the cluster's SASL listener.
        private func client(
            _ cluster: TestCluster, _ user: String, _ password: Secret
        ) throws -> KafkaClientConfiguration {
            var client = KafkaClientConfiguration(
                bootstrapServers: try #require(cluster.secured).bootstrapServers(.sasl))
            client.security = .sasl(.scramSHA512(username: user, password: password), over: .plaintext)
            client.log = SilentLog()
            client.apiTimeout = .seconds(20)
            return client
        }

        // MARK: Access control entries

        /// Each entry with its resource, as Kafka's tool prints them.
        private func toldEntries(_ cluster: TestCluster, _ arguments: [String]) async throws -> [String] {
            let lines = try await KafkaTool.run(
                "org.apache.kafka.tools.AclCommand",
                ["--bootstrap-server", cluster.bootstrap, "--list"] + arguments)
            var resource = ""
            var entries: [String] = []
            for line in lines {
                if let start = line.firstIndex(of: "`"), let end = line.lastIndex(of: "`"), start < end {
                    resource = String(line[line.index(after: start)..<end])
                } else if let start = line.firstIndex(of: "(") {
                    entries.append("\(resource) \(line[start...])")
                }
            }
            return entries.sorted()
        }

        private func line(_ binding: ACLBinding) -> String {
            let kinds: [ResourcePattern.Kind: String] = [.topic: "TOPIC", .group: "GROUP"]
            let comparison = binding.resource.comparison == .prefixed ? "PREFIXED" : "LITERAL"
            return
                "ResourcePattern(resourceType=\(kinds[binding.resource.kind] ?? "?"), name=\(binding.resource.name), "
                + "patternType=\(comparison)) (principal=\(binding.principal), host=\(binding.host), "
                + "operation=\(binding.operation), permissionType=\(binding.permission == .allow ? "ALLOW" : "DENY"))"
        }

        @Test(.enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"), arguments: TestEnvironment.all)
        func entriesAreCreatedHaveAnEffectAndAreDeletedAsKafkasToolSeesThem(environment: TestEnvironment) async throws {
            let cluster = try await environment.securedCluster()
            let topic = try await cluster.createTopic("guarded")
            let group = unique("guarded")
            let bindings: [ACLBinding] = [
                .deny(.user(SecuredListeners.username), .write, on: .topic(topic)),
                .allow(.user("*"), .all, on: .topic(topic)),
                .allow(.user("bob"), .read, on: .groups(prefix: group), from: "10.0.0.1"),
            ]
            try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                func own() async throws -> [ACLBinding] {
                    try await admin.describeACLs(matching: ACLBindingFilter(.topic, .applying(to: topic)))
                        + admin.describeACLs(matching: ACLBindingFilter(.group, .applying(to: "\(group)-1")))
                }
                try await admin.createACLs(bindings).allSucceeded()
                try await eventually("the broker knows the entries") { try await own().count == 3 }
                #expect(Set(try await own()) == Set(bindings))
                let told = try await self.toldEntries(cluster, ["--topic", topic])
                #expect(told == bindings.filter { $0.resource.kind == .topic }.map(self.line).sorted())
                let toldGroup = try await self.toldEntries(
                    cluster, ["--group", group, "--resource-pattern-type", "prefixed"])
                #expect(toldGroup == [self.line(bindings[2])])
                let byPrincipal = try await admin.describeACLs(
                    matching: ACLBindingFilter(nil, .equal(topic), principal: .user("*"), permission: .allow))
                #expect(byPrincipal == [bindings[1]])

                let alice = try self.client(
                    cluster, SecuredListeners.username, Secret(SecuredListeners.password))
                try await KafkaProducer.withProducer(ProducerConfiguration(alice)) { producer in
                    let record = ProducerRecord(topic: topic, value: "x")
                    let error = await #expect(throws: KafkaError.self) { _ = try await producer.send(record) }
                    #expect(error?.code == .authorizationFailed)
                    let filter = ACLBindingFilter(bindings[0])
                    let deleted = await admin.deleteACLs(matching: [filter])
                    #expect(try deleted[filter]?.get() == [bindings[0]])
                    try await eventually("the entry has no effect any more") {
                        (try? await producer.send(record)) != nil
                    }
                }
                // What alice may not do with the entries themselves, as soon as there is one for the cluster.
                let cluster = ACLBinding.allow(.user("bob"), .describe, on: .cluster)
                try await admin.createACLs([cluster]).allSucceeded()
                try await KafkaAdminClient.withAdminClient(alice) { admin in
                    try await eventually("alice may not create entries") {
                        let results = await admin.createACLs([bindings[0]])
                        guard case .failure(let error)? = results[bindings[0]] else { return false }
                        return error.code == .authorizationFailed
                    }
                }
                let rest = [ACLBindingFilter(nil, .equal(topic)), ACLBindingFilter(.group, .prefixed(group))]
                let results = await admin.deleteACLs(matching: rest + [ACLBindingFilter(cluster)])
                #expect(try results[rest[1]]?.get() == [bindings[2]])
                #expect(try results[ACLBindingFilter(cluster)]?.get() == [cluster])
                try await eventually("the entries are gone") { try await own().isEmpty }
            }
        }

        @Test(.enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"), arguments: TestEnvironment.all)
        func withoutAnAuthorizerThereAreNoEntries(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let binding = ACLBinding.allow(.user("alice"), .read, on: .topic("t"))
            try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                let described = await #expect(throws: KafkaError.self) { try await admin.describeACLs() }
                #expect(described?.brokerCode == .securityDisabled)
                let created = await admin.createACLs([binding])
                let creation = #expect(throws: KafkaError.self) { try created[binding]?.get() }
                #expect(creation?.brokerCode == .securityDisabled)
                let deleted = await admin.deleteACLs(matching: [ACLBindingFilter(binding)])
                let deletion = #expect(throws: KafkaError.self) { try deleted[ACLBindingFilter(binding)]?.get() }
                #expect(deletion?.brokerCode == .securityDisabled)
            }
        }

        // MARK: Quotas

        private func toldConfigs(_ cluster: TestCluster, _ arguments: [String]) async throws -> [String] {
            try await KafkaTool.run(
                "kafka.admin.ConfigCommand", ["--bootstrap-server", cluster.bootstrap, "--describe"] + arguments
            ).sorted()
        }

        @Test(.enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"), arguments: TestEnvironment.all)
        func quotasAreSetAndRemovedAsKafkasToolSeesThem(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let user = unique("limited")
            let changes: [ClientQuotaEntity: [ClientQuotaChange]] = [
                .user(.named(user)): [.set(.producerByteRate, to: 1024), .set(.requestPercentage, to: 12.5)],
                .user(.named(user), clientID: "billing"): [.set(.consumerByteRate, to: 2048)],
                .user(.named(user), clientID: .default): [.set(.consumerByteRate, to: 4096)],
            ]
            try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                guard environment.isAtLeast(2, 6) else {
                    let results = await admin.alterClientQuotas(changes)
                    #expect(results.count == 3)
                    let error = #expect(throws: KafkaError.self) { try results[.user(.named(user))]?.get() }
                    #expect(error?.code == .unsupportedVersion)
                    #expect(error?.message.contains("Kafka 2.6") == true)
                    return
                }
                func own(_ filter: ClientQuotaFilter) async throws -> [ClientQuotaEntity: [ClientQuota: Double]] {
                    try await admin.describeClientQuotas(matching: filter)
                }
                let ofUser = ClientQuotaFilter(user: .named(user))
                try await admin.alterClientQuotas(changes, validateOnly: true).allSucceeded()
                #expect(try await own(ofUser) == [:])
                try await admin.alterClientQuotas(changes).allSucceeded()
                try await eventually("the broker knows the quotas") { try await own(ofUser).count == 3 }
                #expect(
                    try await own(ClientQuotaFilter(user: .named(user), allowsOtherParts: false))
                        == [.user(.named(user)): [.producerByteRate: 1024, .requestPercentage: 12.5]])
                #expect(
                    try await own(ClientQuotaFilter(user: .named(user), clientID: .default))
                        == [.user(.named(user), clientID: .default): [.consumerByteRate: 4096]])
                let pairs = try await own(ClientQuotaFilter(user: .named(user), clientID: .any))
                let told = try await self.toldConfigs(
                    cluster, ["--entity-type", "users", "--entity-name", user, "--entity-type", "clients"])
                let lines = pairs.map { entity, quotas in
                    let id = entity.parts[.clientID] == .default ? "the default client-id" : "client-id 'billing'"
                    let values = quotas.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
                    return "Quota configs for user-principal '\(user)', \(id) are \(values)"
                }
                #expect(told == lines.sorted())

                let refused = await admin.alterClientQuotas([
                    .user(.named(user)): [.set(ClientQuota(rawValue: "no_such_rate"), to: 1)]
                ])
                #expect(throws: KafkaError.self) { try refused[.user(.named(user))]?.get() }
                try await admin.alterClientQuotas([
                    .user(.named(user)): [.remove(.producerByteRate), .remove(.requestPercentage)],
                    .user(.named(user), clientID: "billing"): [.remove(.consumerByteRate)],
                    .user(.named(user), clientID: .default): [.remove(.consumerByteRate)],
                ]).allSucceeded()
                try await eventually("the quotas are gone") { try await own(ofUser).isEmpty }
            }
        }

        private final class Throttlings: KafkaObserver {
            private let durations = Lock<[Duration]>([])

            var longest: Duration? { self.durations.withLock { $0.max() } }

            func observe(_ event: KafkaEvent) {
                if case .throttled(let throttled) = event { self.durations.withLock { $0.append(throttled.duration) } }
            }
        }

        /// KIP-599: the controller refuses what exceeds the quota, and says when it would accept it.
        @Test(
            .enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"),
            arguments: TestEnvironment.all.filter { $0.isAtLeast(2, 7) })
        func aQuotaOfTheControllerIsWaitedFor(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let throttlings = Throttlings()
            var limited = cluster.client
            limited.clientID = unique("limited")
            limited.observer = throttlings
            let entity = ClientQuotaEntity.clientID(.named(limited.clientID))
            try await KafkaAdminClient.withAdminClient(limited) { admin in
                // One partition in a second, of which eleven seconds may be used at once.
                try await admin.alterClientQuotas([entity: [.set(.controllerMutationRate, to: 1)]]).allSucceeded()
                try await eventually("the broker knows the quota") {
                    try await admin.describeClientQuotas().keys.contains(entity)
                }
                let name = unique("throttled")
                let topics = ["\(name)-1", "\(name)-2"]
                for (topic, count) in zip(topics, [13, 1]) {
                    try await admin.createTopics([NewTopic(topic, partitionCount: count, replicationFactor: 1)])
                        .allSucceeded()
                }
                #expect(throttlings.longest != nil)
                try await admin.alterClientQuotas([entity: [.remove(.controllerMutationRate)]]).allSucceeded()
                try await admin.deleteTopics(topics).allSucceeded()
            }
        }

        // MARK: SCRAM users

        @Test(.enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"), arguments: TestEnvironment.all)
        func aUserIsCreatedLogsInAndIsDeletedAsKafkasToolSeesIt(environment: TestEnvironment) async throws {
            let cluster = try await environment.securedCluster()
            let user = unique("carol")
            let other = unique("dave")
            try await KafkaAdminClient.withAdminClient(cluster.client) { admin in
                guard environment.isAtLeast(2, 7) else {
                    let error = await #expect(throws: KafkaError.self) {
                        try await admin.describeUserSCRAMCredentials()
                    }
                    #expect(error?.code == .unsupportedVersion)
                    #expect(error?.message.contains("Kafka 2.7") == true)
                    return
                }
                let results = await admin.alterUserSCRAMCredentials([
                    user: [
                        .upsert(.sha256, password: "wonderland", iterations: 4096),
                        .upsert(.sha512, password: "wonderland"),
                    ],
                    other: [.delete(.sha256)],
                ])
                #expect(throws: Never.self) { try results[user]?.get() }
                let missing = #expect(throws: KafkaError.self) { try results[other]?.get() }
                #expect(missing?.brokerCode == .resourceNotFound)
                try await eventually("the broker knows the user") {
                    try await admin.describeUserSCRAMCredentials()[user]?.count == 2
                }
                let described = await admin.describeUserSCRAMCredentials([user, other])
                let credentials = try #require(try described[user]?.get())
                #expect(credentials.map(\.iterations) == [4096, 8192])
                let unknown = #expect(throws: KafkaError.self) { try described[other]?.get() }
                #expect(unknown?.brokerCode == .resourceNotFound)
                let told = try await self.toldConfigs(cluster, ["--user", user])
                let head = "SCRAM credential configs for user-principal '\(user)' are "
                let line = try #require(told.first)
                #expect(told.count == 1 && line.hasPrefix(head))
                #expect(
                    line.dropFirst(head.count).split(separator: ", ").sorted()
                        == ["SCRAM-SHA-256=iterations=4096", "SCRAM-SHA-512=iterations=8192"])

                func logIn(_ password: Secret) async throws {
                    _ = try await KafkaAdminClient.withAdminClient(self.client(cluster, user, password)) {
                        try await $0.listTopics()
                    }
                }
                try await logIn("wonderland")
                try await admin.alterUserSCRAMCredentials([user: [.upsert(.sha512, password: "mirror")]])
                    .allSucceeded()
                try await eventually("the new password is in effect") { (try? await logIn("mirror")) != nil }
                let old = await #expect(throws: KafkaError.self) { try await logIn("wonderland") }
                #expect(old?.code == .authenticationFailed)

                try await admin.alterUserSCRAMCredentials([user: [.delete(.sha256), .delete(.sha512)]]).allSucceeded()
                try await eventually("the user is gone") {
                    try await admin.describeUserSCRAMCredentials()[user] == nil
                }
            }
        }
    }
}
