// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import EmbeddedKafka

/// Groups of the consumer protocol as seen by clients, over sockets. The state machine has its own tests.
@Suite(.timeLimit(.minutes(2))) struct ConsumerGroupAPITests {
    private func withRig(
        _ configuration: EmbeddedKafka.Configuration = EmbeddedKafka.Configuration(),
        _ body: (EmbeddedKafka, ConsumerGroupRig) async throws -> Void
    ) async throws {
        try await withCluster(configuration) { kafka, client in
            try await kafka.createTopic("t", partitions: 4)
            let rig = ConsumerGroupRig(client: client, group: "g")
            try await rig.know("t", as: "t")
            try await body(kafka, rig)
        }
    }

    @Test func aGroupIsShownWithItsEpochs() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.consumerHeartbeatInterval = .seconds(2)
        try await self.withRig(configuration) { kafka, rig in
            #expect(try await rig.join("a", "t").hasSuffix("every 2000 ms, t [0, 1, 2, 3]"))
            let group = try await kafka.waitForStableGroup("g", members: 1)
            #expect(group.kind == .consumer)
            #expect(group.assignor == "uniform")
            #expect(group.members == [.init(id: "a", clientID: "raw", epoch: group.generation)])
            _ = try await rig.join("b", "t")
            #expect(try await kafka.group("g")?.state == "Reconciling")
        }
    }

    @Test func aSilentMemberLosesItsPartitionsAfterTheSessionTimeout() async throws {
        let clock = TestClock()
        var configuration = EmbeddedKafka.Configuration()
        configuration.clock = clock.loopClock
        configuration.consumerHeartbeatInterval = .seconds(1)
        configuration.consumerSessionTimeout = .seconds(3)
        try await self.withRig(configuration) { kafka, rig in
            _ = try await rig.join("a", "t")
            await clock.advance(by: .seconds(2))
            _ = try await rig.join("b", "t")
            await clock.advance(by: .seconds(1))
            #expect(try await kafka.group("g")?.members.map(\.id) == ["b"])
            #expect(try await rig.settle("b").hasSuffix("t [0, 1, 2, 3]"))
            #expect(try await rig.settle("a") == "\(ErrorCode.unknownMemberId)")
        }
    }

    @Test func aClusterWithoutTheFeatureHasNoSuchGroups() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.groupVersion = 0
        try await self.withRig(configuration) { kafka, rig in
            let versions = ApiVersionsRequest.software("test", "1.0")
            #expect(try await rig.client.ask(versions, version: 4).level(of: "group.version") == nil)
            #expect(try await rig.join("a", "t") == "\(ErrorCode.unsupportedVersion)")
            #expect(try await rig.described() == "\(ErrorCode.unsupportedVersion)")
            try await kafka.setGroupVersion(1)
            #expect(try await rig.client.ask(versions, version: 4).level(of: "group.version") == 1)
            #expect(try await rig.join("a", "t").hasSuffix("t [0, 1, 2, 3]"))
            await #expect(throws: EmbeddedKafkaError.self) { try await kafka.setGroupVersion(2) }
        }
    }

    @Test func topicsThatAMemberMayNotKnowAreRefusedAndMatchNoPattern() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.authorizer = EmbeddedKafka.Authorizer()
        try await withCluster(configuration) { kafka, client in
            try await kafka.createTopic("t")
            try await kafka.createTopic("tt")
            try await kafka.setACLs([(.read, .group("g")), (.describe, .topic("t"))])
            let rig = ConsumerGroupRig(client: client, group: "g")
            try await rig.know("t", as: "t")
            #expect(try await rig.join("a", "tt") == "\(ErrorCode.topicAuthorizationFailed)")
            #expect(try await rig.join("a") { $0.pattern = "t+" }.hasSuffix(", t [0]"))
        }
    }

    @Test func anotherCoordinatorKnowsTheGroup() async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 2)) { kafka, client in
            try await kafka.createTopic("t")
            try await kafka.moveCoordinator(ofGroup: "g", to: 1)
            let rig = ConsumerGroupRig(client: client, group: "g")
            try await rig.know("t", as: "t")
            let joined = try await rig.join("a", "t")
            try await kafka.moveCoordinator(ofGroup: "g", to: 2)
            #expect(try await rig.settle("a") == "\(ErrorCode.notCoordinator)")
            #expect(try await rig.described() == "\(ErrorCode.notCoordinator)")
            try await kafka.moveCoordinator(ofGroup: "g", to: 1)
            #expect(try await rig.heartbeat("a") + ", t [0]" == joined)
        }
    }

    @Test func faultsApplyToHeartbeats() async throws {
        try await self.withRig { kafka, rig in
            _ = try await rig.join("a", "t")
            _ = kafka.inject(.fail(.fencedMemberEpoch), on: .consumerGroupHeartbeat)
            #expect(try await rig.settle("a") == "\(ErrorCode.fencedMemberEpoch)")
            #expect(try await rig.settle("a").hasPrefix("epoch"))
        }
    }

    @Test(arguments: [EmbeddedKafka.GroupMigration.disabled, .upgrade, .downgrade, .bidirectional])
    func aPolicyDecidesWhetherGroupsChange(policy: EmbeddedKafka.GroupMigration) async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.groupMigration = policy
        try await self.withRig(configuration) { kafka, rig in
            var classic = JoinGroupRequest()
            classic.groupId = "g"
            classic.groupInstanceId = "i"
            classic.protocolType = "consumer"
            classic.sessionTimeoutMs = 10_000
            classic.rebalanceTimeoutMs = 10_000
            var wanted = JoinGroupRequest.JoinGroupRequestProtocol()
            wanted.name = "range"
            wanted.metadata = [0, 0, 0, 0, 0, 1, 0, 1, 0x74, 0xff, 0xff, 0xff, 0xff]
            classic.protocols = [wanted]
            #expect(try await rig.client.ask(classic, version: 7).errorCode == .none)
            let upgrades = [.upgrade, .bidirectional].contains(policy)
            #expect(try await rig.join("a", "t").hasPrefix(upgrades ? "epoch" : "GROUP_ID_NOT_FOUND"))
            #expect(try await kafka.group("g")?.kind == (upgrades ? .consumer : .classic))

            let other = ConsumerGroupRig(client: rig.client, group: "h")
            _ = try await other.join("a", "t")
            classic.groupId = "h"
            let joined = try await rig.client.ask(classic, version: 7).errorCode
            #expect(joined == (policy == .disabled ? .inconsistentGroupProtocol : .none))
            _ = try await other.heartbeat("a") { $0.epoch = -1 }
            let downgrades = [.downgrade, .bidirectional].contains(policy)
            #expect(try await kafka.group("h")?.kind == (downgrades ? .classic : .consumer))
        }
    }
}
