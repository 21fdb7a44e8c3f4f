// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// `GroupProtocol.automatic`: the consumer protocol where the brokers and the group have it, the classic one elsewhere.
@Suite(.timeLimit(.minutes(1))) struct AutomaticProtocolTests {
    private let clock = TestClock()
    private let log = EventLog()

    private func configuration(_ kafka: EmbeddedKafka, _ group: String = "g") -> ConsumerConfiguration {
        var configuration = kafka.consuming(group)
        configuration.cluster.log = EventLogSink(events: self.log)
        configuration.groupProtocol = .automatic(
            classic: ClassicGroupProtocol(sessionTimeout: .seconds(6), heartbeatInterval: .milliseconds(50)),
            consumer: ConsumerGroupProtocol(sessionTimeout: .seconds(6)))
        return configuration
    }

    /// Expects that a consumer of a new group reads a record, and that the group has this type then.
    private func expectGroup(_ expected: GroupType, on broker: EmbeddedKafka.Configuration) async throws {
        try await self.clock.withCluster(broker) { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            try await KafkaConsumer.withConsumer(self.configuration(kafka), subscribedTo: ["t"]) { consumer in
                let first = try await consumer.nextRecord()
                #expect(first?.text == "v0")
                try await consumer.commit()
                let type = try await self.type(of: "g", kafka)
                #expect(type == expected)
            }
        }
    }

    private func type(of group: String, _ kafka: EmbeddedKafka) async throws -> GroupType? {
        try await KafkaAdminClient.withAdminClient(kafka.clientConfiguration) { admin in
            try await admin.describeGroups([group])[group]?.get().type
        }
    }

    @Test func theConsumerProtocolIsUsedWhereBrokersHaveIt() async throws {
        try await self.expectGroup(.consumer, on: HandoverProtocol.broker)
        #expect(self.log.count("classic") == 0)
    }

    @Test(arguments: ["disabled", "unknown"])
    func theClassicProtocolIsUsedWhereBrokersHaveOnlyThat(lack: String) async throws {
        var broker = EmbeddedKafka.Configuration()
        if lack == "disabled" { broker.groupVersion = 0 } else { broker.withheldAPIs = [.consumerGroupHeartbeat] }
        try await self.expectGroup(.classic, on: broker)
        #expect(self.log.count("[info]", "joining by the classic one", "error=") == 1)
        #expect(self.log.count("[error]") + self.log.count("[warning]") == 0)
    }

    /// Runs `body` with a classic member that owns both partitions of a topic, in a group that can't change its type.
    private func besideClassicMember(
        _ assignors: [any ConsumerPartitionAssignor],
        _ body: @escaping @Sendable (EmbeddedKafka, KafkaConsumer) async throws -> Void
    ) async throws {
        var broker = EmbeddedKafka.Configuration()
        broker.groupMigration = .disabled
        try await self.clock.withCluster(broker, atMost: .seconds(180)) { kafka in
            try await kafka.createTopic("t", partitions: 2)
            var classic = kafka.consuming("g")
            classic.classic.assignors = assignors
            try await KafkaConsumer.withConsumer(classic, subscribedTo: ["t"]) { member in
                try await member.pollsUntil { member.assignment.count == 2 }
                try await body(kafka, member)
            }
        }
    }

    @Test func aClassicGroupThatCanNotChangeIsJoinedByItsProtocol() async throws {
        try await self.besideClassicMember([.range]) { kafka, member in
            let configuration = self.configuration(kafka)
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { other in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await other.pollsUntil { other.assignment.count == 1 } }
                    try await member.pollsUntil { member.assignment.count == 1 && other.assignment.count == 1 }
                    try await group.waitForAll()
                }
            }
            #expect(self.log.count("[info]", "joining by the classic one", "GROUP_ID_NOT_FOUND") == 1)
            // The member has left by LeaveGroup.
            try await member.pollsUntil { member.assignment.count == 2 }
            #expect(kafka.requests.contains { $0.api == .leaveGroup })
        }
    }

    @Test func aGroupThatTakesNeitherProtocolIsAnErrorThatSaysBoth() async throws {
        try await self.besideClassicMember([.roundRobin]) { kafka, _ in
            var configuration = self.configuration(kafka)
            configuration.groupProtocol = .automatic(classic: ClassicGroupProtocol(assignors: [.range]))
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { other in
                // A reader that asks again tries both again, the one that was refused last first.
                let refusals = [ErrorCode.groupIdNotFound, .inconsistentGroupProtocol]
                for (first, last) in [(refusals[0], refusals[1]), (refusals[1], refusals[0])] {
                    kafka.forgetRequests()
                    let failure = await other.failure()
                    #expect(failure?.brokerCode == last)
                    #expect(failure?.message.contains("the group refused the other protocol") == true)
                    #expect((failure?.underlyingError as? KafkaError)?.brokerCode == first)
                    let apis = kafka.requests.map(\.api)
                    // A member that was refused needs not leave.
                    #expect(apis.count { $0 == .consumerGroupHeartbeat } == 1)
                    #expect(apis.count { $0 == .joinGroup } == 1)
                }
            }
        }
    }

    @Test func aGroupThatTakesNeitherProtocolIsLoggedOnceAMinute() async throws {
        try await self.besideClassicMember([.roundRobin]) { kafka, _ in
            var configuration = self.configuration(kafka)
            configuration.groupProtocol = .automatic(classic: ClassicGroupProtocol(assignors: [.range]))
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { other in
                for _ in 0..<6 { #expect(await other.failure() != nil) }
                #expect(self.log.count("[error] The group can't be joined") == 1)
                #expect(self.log.count("[info]", "joining by") == 1)
                try await self.clock.sleep(for: .seconds(60))
                for _ in 0..<6 { #expect(await other.failure() != nil) }
                #expect(self.log.count("[error] The group can't be joined") == 2)
                #expect(self.log.count("[info]", "joining by") == 2)
            }
        }
    }

    /// Runs `body` with a member that has read a record, and loses its partition. The member gets it again when the session of its
    /// former self is over.
    private func whileLosing(
        _ broker: EmbeddedKafka.Configuration,
        _ body: @escaping @Sendable (EmbeddedKafka, KafkaConsumer) async throws -> Void
    ) async throws {
        try await self.clock.withCluster(broker) { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            let listener = NotingListener(name: "a", log: self.log)
            try await KafkaConsumer.withConsumer(self.configuration(kafka), subscribedTo: ["t"], listener: listener) {
                consumer in
                let first = try await consumer.nextRecord()
                #expect(first?.text == "v0")
                try await consumer.commit()
                try await body(kafka, consumer)
            }
            let callbacks = self.log.events.filter { $0.hasPrefix("a ") }
            let once = ["a assigning 0", "a assigned 0"]
            #expect(
                callbacks == once + ["a lost 0", "a assigning ", "a assigned "] + once
                    + ["a revoking 0", "a revoked 0"])
            try await kafka.untilEmpty("g", on: self.clock)
        }
    }

    /// The brokers get the consumer protocol while the member is classic, and the group then changes its type.
    @Test func aClassicMemberThatIsRefusedChangesToTheConsumerProtocol() async throws {
        var broker = HandoverProtocol.broker
        broker.groupVersion = 0
        try await self.whileLosing(broker) { kafka, consumer in
            try await kafka.setGroupVersion(1)
            kafka.inject(.fail(.inconsistentGroupProtocol), on: .joinGroup)
            kafka.inject(.fail(.unknownMemberId), on: .heartbeat)
            try await consumer.pollsUntil { self.log.count("joining by the consumer protocol") == 1 }
            try await consumer.pollsUntil { consumer.assignment.count == 1 }
            try await kafka.fill("t", 1, prefix: "w")
            let second = try await consumer.nextRecord()
            #expect(second?.text == "w0")
            let type = try await self.type(of: "g", kafka)
            #expect(type == .consumer)
        }
    }

    /// The brokers lose the consumer protocol while the member uses it.
    @Test func aConsumerMemberThatIsRefusedChangesToTheClassicProtocol() async throws {
        var broker = HandoverProtocol.broker
        broker.consumerSessionTimeout = .seconds(6)
        try await self.whileLosing(broker) { kafka, consumer in
            let fault = kafka.inject(.fail(.unsupportedVersion), on: .consumerGroupHeartbeat, times: nil)
            try await consumer.pollsUntil { self.log.count("joining by the classic one") == 1 }
            try await consumer.pollsUntil { consumer.assignment.count == 1 }
            // One for the member, and one for its attempt to join again.
            #expect(fault.hits == 2)
        }
    }

    /// The group may have changed since its refusal.
    @Test func aConsumerThatSubscribesAgainTriesBothProtocolsAgain() {
        let settings = MemberSettings(group: "g", maxPollInterval: .seconds(300), groupProtocol: .automatic())
        var membership = Membership(settings)
        membership.subscribed(to: ["t"])
        _ = membership.changeProtocol(settings, after: MembershipFixture.error(.groupIdNotFound))
        func fail(_ membership: inout Membership) -> ClassicMembershipStateMachine.Retry? {
            membership.withClassic { machine in
                machine.requestSent(now: MembershipFixture.now)
                return machine.joinFailed(MembershipFixture.error(.inconsistentGroupProtocol))
            }
        }
        let first = fail(&membership)
        #expect(first == .never)
        var left = membership
        _ = left.leave(reason: "unsubscribed")
        left.subscribed(to: ["u"])
        membership.subscribed(to: ["u"])
        for var again in [left, membership] {
            let retry = fail(&again)
            #expect(retry == .changeProtocol)
        }
    }

    @Test func aConsumerThatLeftTheGroupIsNotJoinedByTheOtherProtocol() {
        let settings = MemberSettings(group: "g", maxPollInterval: .seconds(300), groupProtocol: .automatic())
        let refusal = MembershipFixture.error(.unsupportedVersion)
        var membership = Membership(settings)
        membership.subscribed(to: ["t"])
        var left = membership
        _ = left.leave(reason: "closed")
        let isChanged = left.changeProtocol(settings, after: refusal)
        #expect(!isChanged)
        let isWanted = membership.changeProtocol(settings, after: refusal)
        #expect(isWanted)
        if case .classic = membership {} else { Issue.record("\(membership)") }
    }
}
