// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import Testing

/// Groups as seen by clients, over sockets. The state machine has its own tests.
@Suite(.timeLimit(.minutes(2))) struct GroupAPITests {
    @Test(arguments: FindCoordinatorRequest.validVersions)
    func theCoordinatorIsFound(version: Int16) async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 3)) { kafka, client in
            try await kafka.moveCoordinator(ofGroup: "g", to: 2)
            var request = FindCoordinatorRequest()
            if version >= 4 { request.coordinatorKeys = ["g", "h"] } else { request.key = "g" }
            let answer = try await client.ask(request, version: version)
            if version >= 4 {
                #expect(answer.coordinators.map(\.key) == ["g", "h"])
                #expect("\(answer.coordinators[0].host):\(answer.coordinators[0].port)" == kafka.bootstrapServers[1])
            } else {
                #expect(answer.nodeId == 2)
                #expect("\(answer.host):\(answer.port)" == kafka.bootstrapServers[1])
            }
            if version >= 1 {
                request.keyType = 9
                let unknown = try await client.ask(request, version: version)
                #expect((version >= 4 ? unknown.coordinators[0].errorCode : unknown.errorCode) == .invalidRequest)
            }
        }
    }

    @Test(arguments: JoinGroupRequest.validVersions) func joiningWorksInEachVersion(version: Int16) async throws {
        try await withCluster { kafka, client in
            var request = JoinGroupRequest.of("g")
            var answer = try await client.ask(request, version: version)
            if version >= 4 {
                #expect(answer.errorCode == .memberIdRequired)
                request.memberId = answer.memberId
                answer = try await client.ask(request, version: version)
            }
            #expect(answer.errorCode == .none)
            #expect(answer.generationId == 1)
            #expect(answer.leader == answer.memberId)
            #expect(answer.memberId.hasPrefix("raw-"))
            #expect(answer.members.map(\.metadata) == ["topics"])
            #expect(answer.protocolName == "range")
            let group = try await kafka.group("g")
            #expect(group?.state == "CompletingRebalance")
            #expect(group?.members.map(\.clientID) == ["raw"])
        }
    }

    @Test(arguments: SyncGroupRequest.validVersions) func synchronizingWorksInEachVersion(version: Int16) async throws {
        try await withCluster { kafka, client in
            let member = try await client.join("g")
            var request = SyncGroupRequest.of("g", member, assignment: "all")
            #expect(try await client.ask(request, version: version).assignment == "all")
            #expect(try await kafka.group("g")?.state == "Stable")
            request.generationId = 9
            #expect(try await client.ask(request, version: version).errorCode == .illegalGeneration)
            request.groupId = "nobody"
            #expect(try await client.ask(request, version: version).errorCode == .unknownMemberId)
        }
    }

    @Test(arguments: HeartbeatRequest.validVersions) func heartbeatsWorkInEachVersion(version: Int16) async throws {
        try await withCluster { _, client in
            let member = try await client.joinAndSync("g")
            var request = HeartbeatRequest()
            request.groupId = "g"
            request.memberId = member.memberId
            request.generationId = member.generationId
            #expect(try await client.ask(request, version: version).errorCode == .none)
            request.memberId = "x"
            #expect(try await client.ask(request, version: version).errorCode == .unknownMemberId)
            request.groupId = "nobody"
            #expect(try await client.ask(request, version: version).errorCode == .unknownMemberId)
            request.groupId = ""
            #expect(try await client.ask(request, version: version).errorCode == .invalidGroupId)
        }
    }

    @Test(arguments: LeaveGroupRequest.validVersions) func leavingWorksInEachVersion(version: Int16) async throws {
        try await withCluster { kafka, client in
            let member = try await client.joinAndSync("g")
            var request = LeaveGroupRequest()
            request.groupId = "g"
            if version >= 3 {
                request.members = ["x", member.memberId].map {
                    var leaver = LeaveGroupRequest.MemberIdentity()
                    leaver.memberId = $0
                    return leaver
                }
            } else {
                request.memberId = member.memberId
            }
            let answer = try await client.ask(request, version: version)
            #expect(answer.errorCode == .none)
            if version >= 3 { #expect(answer.members.map(\.errorCode) == [.unknownMemberId, .none]) }
            #expect(try await kafka.group("g")?.state == "Empty")
        }
    }

    @Test func twoMembersTakePartInARebalance() async throws {
        try await withCluster { kafka, first in
            let leader = try await first.joinAndSync("g")
            let second = try await RawClient.connect(to: kafka.bootstrapServers[0], clientID: "second")
            defer { second.close() }
            var request = JoinGroupRequest.of("g")
            request.memberId = try await second.ask(request, version: 9).memberId
            let waiting = try second.send(request, version: 9)
            await kafka.untilRequests { requests in
                requests.count { $0.api == .joinGroup && $0.clientID == "second" } == 2
            }
            var again = JoinGroupRequest.of("g")
            again.memberId = leader.memberId
            let led = try await first.ask(again, version: 9)
            let followed = try await second.answer(to: JoinGroupRequest.self, version: 9, correlationID: waiting)
            #expect(led.generationId == 2)
            #expect(led.members.map(\.memberId) == [leader.memberId, request.memberId])
            #expect(followed.generationId == 2)
            #expect(followed.leader == leader.memberId)
            #expect(followed.members.isEmpty)
        }
    }

    @Test func aSilentMemberIsRemovedAfterItsSessionTimeout() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.sessionTimeouts = .milliseconds(1)...(.seconds(60))
        try await withCluster(configuration) { kafka, client in
            var request = JoinGroupRequest.of("g")
            request.memberId = try await client.ask(request, version: 9).memberId
            request.sessionTimeoutMs = 30
            _ = try await client.ask(request, version: 9)
            // The second member can join only after the first has been removed, so its answer is the proof.
            let second = try await RawClient.connect(to: kafka.bootstrapServers[0])
            defer { second.close() }
            let answer = try await second.join("g")
            #expect(answer.errorCode == .none)
            #expect(try await kafka.group("g")?.members.map(\.id) == [answer.memberId])
        }
    }

    @Test(arguments: OffsetCommitRequest.validVersions) func commitsWorkInEachVersion(version: Int16) async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            let id = try await topicID("t", client)
            let member = try await client.joinAndSync("g")
            var request = OffsetCommitRequest.of("g", "t", id: version >= 10 ? id : nil, offset: 5)
            request.memberId = member.memberId
            request.generationIdOrMemberEpoch = member.generationId
            func code(_ request: OffsetCommitRequest) async throws -> ErrorCode {
                try await client.ask(request, version: version).topics[0].partitions[0].errorCode
            }
            #expect(try await code(request) == .none)
            #expect(try await kafka.committedOffset(of: "g", topic: "t", partition: 0) == 5)

            var wrong = request
            wrong.generationIdOrMemberEpoch = 9
            #expect(try await code(wrong) == .illegalGeneration)
            wrong = request
            wrong.memberId = "x"
            #expect(try await code(wrong) == .unknownMemberId)
            wrong = request
            wrong.groupId = "other"
            #expect(try await code(wrong) == (version >= 9 ? .groupIdNotFound : .illegalGeneration))
            wrong = request
            wrong.topics[0].partitions[0].partitionIndex = 7
            #expect(try await code(wrong) == .unknownTopicOrPartition)
            wrong = request
            wrong.topics[0].partitions[0].committedMetadata = String(repeating: "x", count: 5000)
            #expect(try await code(wrong) == .offsetMetadataTooLarge)
            #expect(try await kafka.committedOffset(of: "g", topic: "t", partition: 0) == 5)
        }
    }

    @Test(arguments: OffsetFetchRequest.validVersions)
    func committedOffsetsAreFetchedInEachVersion(version: Int16) async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t", partitions: 2)
            let id = try await topicID("t", client)
            _ = try await client.ask(OffsetCommitRequest.of("g", "t", offset: 5), version: 8)
            for all in version >= 2 ? [false, true] : [false] {
                let partitions = try await client.fetchOffsets(
                    "g", topic: all ? nil : "t", id: version >= 10 ? id : nil, partitions: [0, 1], version: version)
                #expect(partitions == (all ? [0: 5] : [0: 5, 1: -1]))
            }
            let none = try await client.fetchOffsets(
                "unknown", topic: "t", id: version >= 10 ? id : nil, partitions: [0], version: version)
            #expect(none == [0: -1])
        }
    }

    @Test func onlyTheCoordinatorServesAGroup() async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 2)) { kafka, client in
            try await kafka.createTopic("t")
            try await kafka.moveCoordinator(ofGroup: "g", to: 2)
            #expect(try await client.ask(JoinGroupRequest.of("g"), version: 9).errorCode == .notCoordinator)
            var heartbeat = HeartbeatRequest()
            heartbeat.groupId = "g"
            #expect(try await client.ask(heartbeat, version: 4).errorCode == .notCoordinator)
            let commit = try await client.ask(OffsetCommitRequest.of("g", "t", offset: 5), version: 8)
            #expect(commit.topics[0].partitions[0].errorCode == .notCoordinator)
        }
    }

    @Test func aMovedCoordinatorFailsPendingRequestsAndKeepsTheGroup() async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 2)) { kafka, first in
            try await kafka.createTopic("t")
            try await kafka.moveCoordinator(ofGroup: "g", to: 1)
            let member = try await first.joinAndSync("g")
            _ = try await first.ask(OffsetCommitRequest.of("g", "t", offset: 5, member: member), version: 8)
            let second = try await RawClient.connect(to: kafka.bootstrapServers[0])
            defer { second.close() }
            var request = JoinGroupRequest.of("g")
            request.memberId = try await second.ask(request, version: 9).memberId
            let waiting = try second.send(request, version: 9)
            await kafka.untilRequests(of: .joinGroup, count: 4)
            try await kafka.moveCoordinator(ofGroup: "g", to: 2)
            let answer = try await second.answer(to: JoinGroupRequest.self, version: 9, correlationID: waiting)
            #expect(answer.errorCode == .notCoordinator)

            let there = try await RawClient.connect(to: kafka.bootstrapServers[1])
            defer { there.close() }
            var heartbeat = HeartbeatRequest()
            heartbeat.groupId = "g"
            heartbeat.memberId = member.memberId
            heartbeat.generationId = member.generationId
            #expect(try await there.ask(heartbeat, version: 4).errorCode == .none)
            #expect(try await there.fetchOffsets("g", topic: "t", partitions: [0], version: 8) == [0: 5])
        }
    }

    @Test(arguments: DescribeGroupsRequest.validVersions) func groupsAreDescribed(version: Int16) async throws {
        try await withCluster { _, client in
            let member = try await client.joinAndSync("g")
            var request = DescribeGroupsRequest()
            request.groups = ["g", "nobody"]
            let answer = try await client.ask(request, version: version).groups
            #expect(answer[0].groupState == "Stable")
            #expect(answer[0].protocolData == "range")
            #expect(answer[0].members.map(\.memberId) == [member.memberId])
            #expect(answer[0].members.map(\.memberAssignment) == ["all"])
            #expect(answer[1].groupState == "Dead")
            #expect(answer[1].errorCode == (version >= 6 ? .groupIdNotFound : .none))
        }
    }

    @Test(arguments: ListGroupsRequest.validVersions) func groupsAreListed(version: Int16) async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            _ = try await client.joinAndSync("g")
            _ = try await client.ask(OffsetCommitRequest.of("h", "t", offset: 5), version: 8)
            #expect(try await client.ask(ListGroupsRequest(), version: version).groups.map(\.groupId) == ["g", "h"])
            if version >= 4 {
                var request = ListGroupsRequest()
                request.statesFilter = ["stable"]
                #expect(try await client.ask(request, version: version).groups.map(\.groupId) == ["g"])
            }
        }
    }

    @Test(arguments: DeleteGroupsRequest.validVersions) func emptyGroupsAreDeleted(version: Int16) async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            _ = try await client.joinAndSync("g")
            _ = try await client.ask(OffsetCommitRequest.of("h", "t", offset: 5), version: 8)
            var request = DeleteGroupsRequest()
            request.groupsNames = ["g", "h", "nobody"]
            let answer = try await client.ask(request, version: version)
            #expect(answer.results.map(\.errorCode) == [.nonEmptyGroup, .none, .groupIdNotFound])
            #expect(try await kafka.committedOffset(of: "h", topic: "t", partition: 0) == nil)
        }
    }
}

extension JoinGroupRequest {
    static func of(_ group: String) -> JoinGroupRequest {
        var request = JoinGroupRequest()
        request.groupId = group
        request.sessionTimeoutMs = 30_000
        request.rebalanceTimeoutMs = 60_000
        request.protocolType = "consumer"
        var range = JoinGroupRequestProtocol()
        range.name = "range"
        range.metadata = "topics"
        request.protocols = [range]
        return request
    }
}

extension SyncGroupRequest {
    static func of(_ group: String, _ member: JoinGroupResponse, assignment: Bytes) -> SyncGroupRequest {
        var request = SyncGroupRequest()
        request.groupId = group
        request.memberId = member.memberId
        request.generationId = member.generationId
        request.protocolType = "consumer"
        request.protocolName = "range"
        var mine = SyncGroupRequestAssignment()
        mine.memberId = member.memberId
        mine.assignment = assignment
        request.assignments = [mine]
        return request
    }
}

extension OffsetCommitRequest {
    static func of(
        _ group: String, _ topic: String, id: KafkaUUID? = nil, offset: Int64, member: JoinGroupResponse? = nil
    ) -> OffsetCommitRequest {
        var request = OffsetCommitRequest()
        request.groupId = group
        request.memberId = member?.memberId ?? ""
        request.generationIdOrMemberEpoch = member?.generationId ?? -1
        var committed = OffsetCommitRequestTopic()
        if let id { committed.topicId = id } else { committed.name = topic }
        var partition = OffsetCommitRequestPartition()
        partition.committedOffset = offset
        committed.partitions = [partition]
        request.topics = [committed]
        return request
    }
}

extension RawClient {
    /// Joins a group with a new member id.
    func join(_ group: String) async throws -> JoinGroupResponse {
        var request = JoinGroupRequest.of(group)
        request.memberId = try await self.ask(request, version: 9).memberId
        return try await self.ask(request, version: 9)
    }

    /// Joins a group as its only member, and assigns "all" to itself.
    func joinAndSync(_ group: String) async throws -> JoinGroupResponse {
        let member = try await self.join(group)
        _ = try await self.ask(SyncGroupRequest.of(group, member, assignment: "all"), version: 5)
        return member
    }

    /// Returns the committed offsets by partition, of all topics if `topic` is nil.
    func fetchOffsets(
        _ group: String, topic: String?, id: KafkaUUID? = nil, partitions: [Int32], version: Int16
    ) async throws -> [Int32: Int64] {
        var request = OffsetFetchRequest()
        if version < 8 {
            request.groupId = group
            var wanted = OffsetFetchRequest.OffsetFetchRequestTopic()
            wanted.name = topic ?? ""
            wanted.partitionIndexes = partitions
            request.topics = topic == nil ? nil : [wanted]
            let answer = try await self.ask(request, version: version)
            let found = answer.topics.flatMap(\.partitions).map { ($0.partitionIndex, $0.committedOffset) }
            return Dictionary(uniqueKeysWithValues: found)
        }
        var query = OffsetFetchRequest.OffsetFetchRequestGroup()
        query.groupId = group
        var wanted = OffsetFetchRequest.OffsetFetchRequestTopics()
        if let id { wanted.topicId = id } else { wanted.name = topic ?? "" }
        wanted.partitionIndexes = partitions
        query.topics = topic == nil ? nil : [wanted]
        request.groups = [query]
        let answer = try await self.ask(request, version: version)
        let found = answer.groups[0].topics.flatMap(\.partitions).map { ($0.partitionIndex, $0.committedOffset) }
        return Dictionary(uniqueKeysWithValues: found)
    }
}
