// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import AsyncKafka

/// The calls about groups, on the embedded broker.
@Suite(.timeLimit(.minutes(1))) struct GroupsTests {
    private let clock = TestClock()

    private func withAdmin(
        maxVersions: [EmbeddedKafka.API: Int16] = [:],
        _ body: @escaping @Sendable (EmbeddedKafka, KafkaAdminClient) async throws -> Void
    ) async throws {
        var configuration = EmbeddedKafka.Configuration(brokers: 3)
        configuration.maxVersions = maxVersions
        try await self.clock.withAdminClient(configuration, body)
    }

    /// Commits an offset of a group without members, which creates the group.
    private func create(_ groups: String..., topic: String, _ admin: KafkaAdminClient) async throws {
        for group in groups {
            try await admin.alterGroupOffsets([TopicPartition(topic, 0): OffsetAndMetadata(offset: 1)], of: group)
                .allSucceeded()
        }
    }

    /// Runs a consumer of the topic in the group until `body` returns.
    private func withMember(
        _ group: String, of topic: String, instance: String? = nil, _ kafka: EmbeddedKafka,
        _ body: () async throws -> Void
    ) async throws {
        var configuration = ConsumerConfiguration(kafka.clientConfiguration)
        configuration.cluster.clientID = "reader"
        configuration.groupID = group
        configuration.groupInstanceID = instance
        try await KafkaConsumer.withConsumer(configuration, subscribedTo: [topic]) { consumer in
            while try await kafka.group(group)?.state != "Stable" {
                _ = try await consumer.poll(timeout: .milliseconds(100))
            }
            try await body()
        }
    }

    @Test(arguments: [Int16(3), 4, 5])
    func groupsOfAllBrokersAreListedByStateTypeAndProtocolType(version: Int16) async throws {
        try await self.withAdmin(maxVersions: [.listGroups: version]) { kafka, admin in
            try await kafka.createTopic("t")
            for (group, broker) in [("a", 1), ("b", 2), ("c", 3)] {
                try await kafka.moveCoordinator(ofGroup: group, to: broker)
            }
            try await self.create("b", "c", topic: "t", admin)
            try await self.withMember("a", of: "t", kafka) {
                let all = try await admin.listGroups()
                #expect(all.map(\.id) == ["a", "b", "c"])
                #expect(all.map(\.protocolType) == ["consumer", "", ""])
                #expect(all.map(\.type) == Array(repeating: version >= 5 ? .classic : nil, count: 3))
                #expect(all.map(\.state) == (version >= 4 ? [.stable, .empty, .empty] : [nil, nil, nil]))
                #expect(try await admin.listGroups(states: [.stable]).map(\.id) == ["a"])
                #expect(try await admin.listGroups(states: [.empty, .dead]).map(\.id) == ["b", "c"])
                #expect(try await admin.listGroups(types: [.classic]).map(\.id) == ["a", "b", "c"])
                #expect(try await admin.listGroups(types: [.consumer, .share]).isEmpty)
                #expect(try await admin.listGroups(protocolTypes: ["consumer"]).map(\.id) == ["a"])
                #expect(try await admin.listGroups(states: []).isEmpty)
            }
        }
    }

    /// Groups of the broker would be missing in the list.
    @Test func aBrokerThatRefusesMakesTheListFail() async throws {
        try await self.withAdmin { kafka, admin in
            kafka.inject(.fail(.clusterAuthorizationFailed), on: .listGroups, broker: 2, times: nil)
            let error = await #expect(throws: KafkaError.self) { try await admin.listGroups() }
            #expect(error?.code == .authorizationFailed)
            #expect(error?.broker?.contains(kafka.bootstrapServers[1]) == true)
        }
    }

    @Test func aGroupIsDescribedWithItsMembers() async throws {
        try await self.withAdmin { kafka, admin in
            try await kafka.createTopic("t", partitions: 3)
            try await kafka.moveCoordinator(ofGroup: "g", to: 3)
            try await self.create("empty", topic: "t", admin)
            try await self.withMember("g", of: "t", instance: "till-7", kafka) {
                let results = await admin.describeGroups(["g", "empty", "missing"])
                let group = try #require(try results["g"]?.get())
                #expect(group.type == .classic && group.state == .stable && group.protocolType == "consumer")
                #expect(group.assignor == "range" && group.coordinator.id == 3)
                #expect(group.epoch == nil && group.assignmentEpoch == nil)
                let member = try #require(group.members.first)
                #expect(group.members.count == 1)
                #expect(try await kafka.group("g")?.members.map(\.id) == [member.id])
                #expect(member.instanceID == "till-7" && member.clientID == "reader" && member.host == "/127.0.0.1")
                #expect(member.subscribedTopics == ["t"] && member.isClassic == true)
                #expect(member.assignment == (0..<3).map { TopicPartition("t", $0) })
                #expect("\(group)".contains("g: Classic, Stable, 1 member, assignor range, coordinator 127.0.0.1:"))
                #expect("\(member)".hasSuffix("(instance till-7, client reader, host /127.0.0.1): t-0…2"))
                #expect(try results["empty"]?.get().state == .empty)
                let error = #expect(throws: KafkaError.self) { try results["missing"]?.get() }
                #expect(error?.brokerCode == .groupIdNotFound)
                #expect(error?.group == "missing")
            }
        }
    }

    /// Below Kafka 4.0, a broker describes a group that doesn't exist as dead.
    @Test func aMissingGroupIsAnErrorWithOldBrokers() async throws {
        try await self.withAdmin(maxVersions: [.describeGroups: 5]) { _, admin in
            let error = try #require(await admin.describeGroups(["missing"])["missing"]?.failure)
            #expect(error.brokerCode == .groupIdNotFound)
        }
    }

    @Test func aTypeThatTheBrokersDoNotHaveIsAnErrorThatNamesTheRelease() async throws {
        try await self.withAdmin(maxVersions: [.consumerGroupDescribe: -1]) { _, admin in
            for (type, release) in [(GroupType.consumer, "4.0"), (.share, "4.2")] {
                let error = try #require(await admin.describeGroups(["g"], type: type)["g"]?.failure)
                #expect(error.code == .unsupportedVersion)
                #expect(error.message.contains("Kafka \(release)"), "\(error)")
            }
            let error = try #require(await admin.describeGroups(["g"], type: .streams)["g"]?.failure)
            #expect(error.code == .invalidArgument)
        }
    }

    @Test func emptyGroupsAreDeletedWhereverTheyAreCoordinated() async throws {
        try await self.withAdmin { kafka, admin in
            try await kafka.createTopic("t")
            for (group, broker) in [("a", 1), ("b", 2), ("g", 3)] {
                try await kafka.moveCoordinator(ofGroup: group, to: broker)
            }
            try await self.create("a", "b", topic: "t", admin)
            try await self.withMember("g", of: "t", kafka) {
                let results = await admin.deleteGroups(["a", "b", "g", "missing"])
                #expect(throws: Never.self) { try results["a"]?.get() }
                #expect(throws: Never.self) { try results["b"]?.get() }
                #expect(results["g"]?.failure?.brokerCode == .nonEmptyGroup)
                #expect(results["missing"]?.failure?.brokerCode == .groupIdNotFound)
                let again = await admin.deleteGroups(["a", "g"], ifMissing: .ignore)
                #expect(throws: Never.self) { try again["a"]?.get() }
                #expect(again["g"]?.failure?.brokerCode == .nonEmptyGroup)
                let left = try await admin.listGroups()
                #expect(left.map(\.id) == ["g"])
            }
        }
    }

    @Test func aDeletionThatMayHaveHappenedIsRepeatedOnlyIfAMissingGroupIsASuccess() async throws {
        try await self.withAdmin { kafka, admin in
            try await kafka.createTopic("t")
            try await self.create("a", topic: "t", admin)
            let fault = kafka.inject(.fail(.networkException), on: .deleteGroups, times: 2)
            #expect(await admin.deleteGroups(["a"])["a"]?.failure?.isOutcomeUnknown == true)
            #expect(fault.hits == 1)
            try await admin.deleteGroups(["a"], ifMissing: .ignore).allSucceeded()
            #expect(fault.hits == 2)
        }
    }

    @Test func membersAreRemovedByInstanceIDByMemberIDOrAll() async throws {
        try await self.withAdmin { kafka, admin in
            try await kafka.createTopic("t")
            // Members that send no heartbeats don't come back.
            for (group, instance) in [("by-instance", "i"), ("by-member", nil), ("all", "j")] as [(String, String?)] {
                try await self.withMember(group, of: "t", instance: instance, kafka) {
                    let member = try #require(try await kafka.group(group)?.members.first)
                    kafka.inject(.fail(.coordinatorNotAvailable), on: .heartbeat, times: nil)
                    kafka.inject(.fail(.coordinatorNotAvailable), on: .joinGroup, times: nil)
                    switch group {
                    case "by-instance":
                        let results = await admin.removeMembers([.instance("i"), .instance("x")], from: group)
                        #expect(throws: Never.self) { try results[.instance("i")]?.get() }
                        let error = try #require(results[.instance("x")]?.failure)
                        #expect(error.brokerCode == .unknownMemberId && error.group == group)
                        #expect(error.message.contains("instance x"))
                    case "by-member":
                        let results = await admin.removeMembers([.member(member.id), .member("x")], from: group)
                        #expect(throws: Never.self) { try results[.member(member.id)]?.get() }
                        #expect(results[.member("x")]?.failure?.brokerCode == .unknownMemberId)
                    default:
                        let removed = try await admin.removeAllMembers(from: group)
                        #expect(removed.map(\.id) == [member.id])
                    }
                    #expect(try await kafka.group(group)?.members.isEmpty == true)
                }
                kafka.removeFaults()
            }
            #expect(try await admin.removeAllMembers(from: "all").isEmpty)
        }
    }

    @Test func brokersThatRemoveNoOtherMembersAreAnErrorThatNamesTheRelease() async throws {
        try await self.withAdmin(maxVersions: [.leaveGroup: 2]) { _, admin in
            let error = try #require(await admin.removeMembers([.instance("i")], from: "g")[.instance("i")]?.failure)
            #expect(error.code == .unsupportedVersion)
            #expect(error.message.contains("Kafka 2.4"))
        }
    }
}
