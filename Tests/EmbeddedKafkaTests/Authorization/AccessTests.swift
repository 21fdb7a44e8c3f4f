// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import EmbeddedKafka

/// What each API needs: a table of all, compared with Kafka's documentation of its authorization.
@Suite(.timeLimit(.minutes(2))) struct AccessTests {
    private static let refusals: Set<ErrorCode> = [
        .topicAuthorizationFailed, .groupAuthorizationFailed, .clusterAuthorizationFailed,
        .transactionalIdAuthorizationFailed, .delegationTokenAuthorizationFailed,
    ]

    private func withAuthorizer(_ body: (EmbeddedKafka, RawClient) async throws -> Void) async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.authorizer = EmbeddedKafka.Authorizer()
        configuration.metricsSubscription = EmbeddedKafka.MetricsSubscription()
        try await withCluster(configuration) { kafka, client in
            try await kafka.createTopic("t")
            try await kafka.createTopic("gone")
            try await body(kafka, client)
        }
    }

    @Test func everyAPIIsInTheTable() {
        #expect(Set(AccessTable.entries.keys) == Set(Endpoints.all.keys))
    }

    @Test(arguments: Endpoints.all.keys.sorted { $0.rawValue < $1.rawValue })
    func anAPINeedsExactlyItsPermission(_ api: APIKey) async throws {
        try await self.withAuthorizer { kafka, client in
            for entry in try #require(AccessTable.entries[api]) {
                let codes = try await entry.ask(client)
                guard let denied = entry.denied, let (operation, resource) = entry.grant else {
                    #expect(Self.refusals.isDisjoint(with: codes), "\(codes)")
                    continue
                }
                #expect(!codes.isEmpty && codes.allSatisfy { $0 == denied }, "\(codes)")
                // No other permission on the resource is enough, except for those that include it.
                try await kafka.setACLs(
                    resource.type.operations.filter { other in
                        other != operation && other != entry.alternative && operation != .describe
                            && operation != .describeConfigs
                    }.map { ($0, resource) })
                let withOthers = try await entry.ask(client)
                #expect(withOthers.allSatisfy { $0 == denied }, "\(operation): \(withOthers)")
                try await kafka.setACLs([(operation, resource)])
                let permitted = try await entry.ask(client)
                #expect(Self.refusals.isDisjoint(with: permitted), "\(operation): \(permitted)")
                try await kafka.setACLs([])
            }
        }
    }

    @Test func whatAClientMayNotKnowIsLeftOutOfLists() async throws {
        try await self.withAuthorizer { kafka, client in
            try await kafka.setACLs([(.read, .topic("t")), (.read, .group("g"))])
            var request = MetadataRequest()
            request.topics = nil
            request.includeTopicAuthorizedOperations = true
            let metadata = try await client.ask(request, version: 12)
            #expect(metadata.topics.map(\.name) == ["t"])
            // Read and, with it, describe.
            #expect(metadata.topics.first?.topicAuthorizedOperations == 1 << 3 | 1 << 8)
            var all = DescribeTopicPartitionsRequest()
            all.responsePartitionLimit = 10
            #expect(try await client.ask(all, version: 0).topics.map(\.name) == ["t"])
            #expect(
                try await client.ask(AccessTable.commit, version: 8).topics.flatMap(\.partitions).map(\.errorCode) == [
                    .none
                ])
            try await kafka.setACLs([(.read, .group("g"))])
            #expect(try await client.ask(ListGroupsRequest(), version: 4).groups.map(\.groupId) == ["g"])
            #expect(
                try await client.ask(AccessTable.commit, version: 8).topics.flatMap(\.partitions).map(\.errorCode)
                    == [.topicAuthorizationFailed])
            try await kafka.setACLs([(.describe, .topic("t"))])
            #expect(try await client.ask(ListGroupsRequest(), version: 4).groups.isEmpty)
        }
    }

    @Test func aCursorNamesNoTopicThatTheClientMayNotKnow() async throws {
        try await self.withAuthorizer { kafka, client in
            // "t" comes after "gone", and only that one is permitted.
            try await kafka.setACLs([(.describe, .topic("gone"))])
            var all = DescribeTopicPartitionsRequest()
            all.responsePartitionLimit = 1
            let answer = try await client.ask(all, version: 0)
            #expect(answer.topics.map(\.name) == ["gone"])
            #expect(answer.nextCursor == nil)
        }
    }

    @Test func aTopicIsCreatedAutomaticallyOnlyWithThePermission() async throws {
        try await self.withAuthorizer { kafka, client in
            try await kafka.setACLs([(.describe, .topic("auto"))])
            let request = MetadataRequest.named(["auto"], mayCreate: true)
            #expect(try await client.ask(request, version: 12).topics[0].errorCode == .topicAuthorizationFailed)
            try await kafka.setACLs([(.describe, .topic("auto")), (.create, .topic("auto"))])
            #expect(try await client.ask(request, version: 12).topics[0].errorCode == .unknownTopicOrPartition)
            #expect(try await client.ask(request, version: 12).topics[0].errorCode == .none)
        }
    }

    @Test func withoutAnAuthorizerThereAreNoACLs() async throws {
        try await withCluster { _, client in
            for api in [APIKey.createAcls, .describeAcls, .deleteAcls] {
                for entry in try #require(AccessTable.entries[api]) {
                    #expect(try await entry.ask(client) == [.securityDisabled])
                }
            }
        }
    }

    /// Connects to the listener with SASL and logs in.
    private func logIn(_ user: String, _ kafka: EmbeddedKafka) async throws -> RawClient {
        let client = try await RawClient.connect(to: kafka.bootstrapServers(of: "SASL")[0])
        var handshake = SaslHandshakeRequest()
        handshake.mechanism = "PLAIN"
        _ = try await client.ask(handshake, version: 1)
        var login = SaslAuthenticateRequest()
        login.authBytes = Bytes("\0\(user)\0\(user)-secret")
        #expect(try await client.ask(login, version: 2).errorCode == .none)
        return client
    }

    private func withUsers(
        superUsers: Set<String>, _ body: (EmbeddedKafka) async throws -> Void
    ) async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.users = ["alice": "alice-secret", "bob": "bob-secret"]
        configuration.listeners = [EmbeddedKafka.Listener("SASL", mechanisms: [.plain])]
        configuration.authorizer = EmbeddedKafka.Authorizer(superUsers: superUsers)
        try await EmbeddedKafka.withCluster(configuration, body)
    }

    @Test func clientsAreKnownByTheirLogin() async throws {
        try await self.withUsers(superUsers: ["User:alice"]) { kafka in
            try await kafka.createTopic("t")
            let request = MetadataRequest.named(["t"])
            let anonymous = try await RawClient.connect(to: kafka.bootstrapServers[0])
            defer { anonymous.close() }
            let alice = try await self.logIn("alice", kafka)
            defer { alice.close() }
            let bob = try await self.logIn("bob", kafka)
            defer { bob.close() }
            #expect(try await alice.ask(request, version: 12).topics[0].errorCode == .none)
            #expect(try await bob.ask(request, version: 12).topics[0].errorCode == .topicAuthorizationFailed)
            #expect(try await anonymous.ask(request, version: 12).topics[0].errorCode == .topicAuthorizationFailed)
        }
    }

    @Test func othersTokensAreNotToBeMadeOrSeen() async throws {
        try await self.withUsers(superUsers: ["User:alice"]) { kafka in
            let alice = try await self.logIn("alice", kafka)
            defer { alice.close() }
            let bob = try await self.logIn("bob", kafka)
            defer { bob.close() }
            var forAlice = CreateDelegationTokenRequest()
            forAlice.ownerPrincipalType = "User"
            forAlice.ownerPrincipalName = "alice"
            #expect(try await bob.ask(forAlice, version: 3).errorCode == .delegationTokenAuthorizationFailed)
            #expect(try await alice.ask(forAlice, version: 3).errorCode == .none)
            #expect(try await bob.ask(CreateDelegationTokenRequest(), version: 3).errorCode == .none)
            var all = DescribeDelegationTokenRequest()
            all.owners = nil
            #expect(try await bob.ask(all, version: 3).tokens.map(\.principalName) == ["bob"])
            #expect(try await alice.ask(all, version: 3).tokens.map(\.principalName).sorted() == ["alice", "bob"])
            try await kafka.setACLs([(.describeTokens, .user("User:alice"))])
            #expect(try await bob.ask(all, version: 3).tokens.map(\.principalName).sorted() == ["alice", "bob"])
            try await kafka.setACLs([(.createTokens, .user("User:alice"))])
            #expect(try await bob.ask(forAlice, version: 3).errorCode == .none)
        }
    }
}

extension EmbeddedKafka {
    /// Replaces all ACLs by those that allow everyone these operations.
    func setACLs(_ grants: [(ACL.Operation, Resource)]) async throws {
        let acls = grants.map { operation, resource in
            ACL(
                resourceType: resource.type, resourceName: resource.name, pattern: .literal, principal: ACL.everyone,
                host: ACL.any, operation: operation, permission: .allow)
        }
        try await self.onLoop { cluster in
            _ = cluster.acls?.remove(ACLFilter())
            for acl in acls { cluster.acls?.add(acl) }
        }
    }
}
