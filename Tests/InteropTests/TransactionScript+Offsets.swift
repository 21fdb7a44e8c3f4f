// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTestSupport

/// What groups decide: offsets that are committed with a transaction.
extension TransactionScript {
    private var commitVersions: ClosedRange<Int16> { self.version < 2 ? 0...4 : 5...6 }

    func commitOffsets() async throws {
        self.begin("offsets")
        let rig = try await self.producer()
        let group = try await self.group()
        var metadata = MetadataRequest()
        metadata.topics = [MetadataRequest.MetadataRequestTopic()]
        metadata.topics?[0].name = rig.topic
        let id = try await self.client.ask(metadata, version: 12).topics[0].topicId
        for version in self.commitVersions {
            func commit(
                _ step: String, topicID: KafkaUUID? = nil, partition: Int32 = 0, metadata: String = "m",
                generation: Int32 = -1, memberID: String = "", instanceID: String? = nil, of name: String? = nil
            ) async throws {
                let code = try await rig.commit(
                    3, of: name ?? group, version: version, topicID: topicID ?? id, partition: partition,
                    generation: version < 3 ? -1 : generation, memberID: version < 3 ? "" : memberID,
                    instanceID: version < 3 ? nil : instanceID, metadata: metadata)
                self.note("\(step) \(version)", code)
            }
            if version < 5 {
                try await commit("not added")
                self.note("add offsets", try await rig.addOffsets(of: group))
            }
            try await commit("added")
            try await commit("unknown partition", partition: 9)
            if version >= 6 { try await commit("unknown topic ID", topicID: KafkaUUID(high: 1, low: 2)) }
            try await commit("long metadata", metadata: String(repeating: "x", count: 4097))
            try await commit("empty group", of: "")
            try await commit("generation of an empty group", generation: 1, memberID: "m")
            try await commit("member of an empty group", memberID: "m")
            try await commit("instance of an empty group", instanceID: "i")
            if version >= 3 {
                let unknown = unique("unknown")
                if version < 5 { self.note("add offsets", try await rig.addOffsets(of: unknown)) }
                try await commit("generation of an unknown group", generation: 1, memberID: "m", of: unknown)
            }
            for change in [-1, 1] as [Int16] {
                let code = try await rig.copy(epoch: change).commit(4, of: group, version: version, topicID: id)
                self.note("epoch \(change), \(version)", code)
            }
            let other = rig.copy()
            other.producer.id += 1000
            self.note("other producer \(version)", try await other.commit(4, of: group, version: version, topicID: id))
            self.note("pending \(version)", try await self.client.committed(group, topic: rig.topic))
            self.note(
                "pending, stable \(version)",
                try await self.client.committed(group, topic: rig.topic, requireStable: true))
            try await self.settle("commits \(version)", rig)
            try await self.end("end \(version)", isCommit: version % 2 == 0, rig)
            self.note(
                "committed \(version)", try await self.client.committed(group, topic: rig.topic, requireStable: true))
        }
    }

    /// A group with a member, whose generation the transaction must name.
    func commitOffsetsAsMember() async throws {
        self.begin("member")
        let rig = try await self.producer()
        let group = try await self.group()
        let version: Int16 = self.version < 2 ? 4 : 5
        var join = JoinGroupRequest()
        join.groupId = group
        join.sessionTimeoutMs = 60_000
        join.rebalanceTimeoutMs = 60_000
        join.protocolType = "consumer"
        join.groupInstanceId = "i"
        var proto = JoinGroupRequest.JoinGroupRequestProtocol()
        proto.name = "range"
        join.protocols = [proto]
        let joined = try await self.client.ask(join, version: 7)
        self.note("join", "\(joined.errorCode) \(joined.generationId)")
        if version < 5 { self.note("add offsets", try await rig.addOffsets(of: group)) }
        func commitAll(_ step: String) async throws {
            let cases: [(String, Int32, String, String?)] = [
                ("member", joined.generationId, joined.memberId, "i"),
                ("member without instance", joined.generationId, joined.memberId, nil),
                ("other generation", joined.generationId + 1, joined.memberId, "i"),
                ("other member", joined.generationId, "m", nil),
                ("other member of the instance", joined.generationId, "m", "i"),
                ("other instance", joined.generationId, joined.memberId, "j"),
                ("no member", -1, "", nil),
                ("no member, but generation", joined.generationId, "", nil),
                ("only member", -1, joined.memberId, nil),
                ("only instance", -1, "", "i"),
            ]
            for (name, generation, member, instance) in cases {
                self.note(
                    "\(step), \(name)",
                    try await rig.commit(
                        1, of: group, version: version, generation: generation, memberID: member, instanceID: instance))
            }
        }
        try await commitAll("before the assignment")
        var sync = SyncGroupRequest()
        sync.groupId = group
        sync.generationId = joined.generationId
        sync.memberId = joined.memberId
        sync.groupInstanceId = "i"
        var assignment = SyncGroupRequest.SyncGroupRequestAssignment()
        assignment.memberId = joined.memberId
        sync.assignments = [assignment]
        self.note("sync", try await self.client.ask(sync, version: 3).errorCode)
        try await commitAll("stable")
        try await self.end("end", isCommit: true, rig)
        self.note("committed", try await self.client.committed(group, topic: rig.topic, requireStable: true))
    }

    /// What happens to a group's offsets while a transaction commits other ones.
    enum OffsetChange: String, CaseIterable {
        case commitBefore, commitAfter, delete, deleteGroup, deleteTopic
    }

    func changeOffsets(_ change: OffsetChange) async throws {
        self.begin("offsets, \(change)")
        let rig = try await self.producer()
        let group = try await self.group()
        let version: Int16 = self.version < 2 ? 4 : 5
        if change == .commitBefore { try await self.commitDirectly(7, of: group, rig) }
        if version < 5 { self.note("add offsets", try await rig.addOffsets(of: group)) }
        self.note("commit", try await rig.commit(3, of: group, version: version))
        switch change {
        case .commitBefore: break
        case .commitAfter: try await self.commitDirectly(7, of: group, rig)
        case .delete:
            var part = OffsetDeleteRequest.OffsetDeleteRequestPartition()
            part.partitionIndex = 0
            var topic = OffsetDeleteRequest.OffsetDeleteRequestTopic()
            topic.name = rig.topic
            topic.partitions = [part]
            var request = OffsetDeleteRequest()
            request.groupId = group
            request.topics = [topic]
            let answer = try await self.client.ask(request, version: 0)
            self.note(
                "deletion", "\(answer.errorCode) \(answer.topics.flatMap(\.partitions).map(\.errorCode))")
        case .deleteGroup:
            var request = DeleteGroupsRequest()
            request.groupsNames = [group]
            self.note("deletion", try await self.client.ask(request, version: 2).results.map(\.errorCode))
        case .deleteTopic:
            try await self.cluster.deleteTopic(rig.topic)
            try await eventually("the offset is forgotten", within: .seconds(10)) {
                try await self.client.committed(group, topic: rig.topic, requireStable: true).error == .none
            }
        }
        if change != .deleteTopic {
            self.note(
                "pending", try await self.client.committed(group, topic: rig.topic, requireStable: true))
        }
        try await self.end("end", isCommit: true, rig)
        self.note("committed", try await self.client.committed(group, topic: rig.topic, requireStable: true))
    }

    private func commitDirectly(_ offset: Int64, of group: String, _ rig: TransactionRig) async throws {
        var part = OffsetCommitRequest.OffsetCommitRequestPartition()
        part.committedOffset = offset
        var topic = OffsetCommitRequest.OffsetCommitRequestTopic()
        topic.name = rig.topic
        topic.partitions = [part]
        var request = OffsetCommitRequest()
        request.groupId = group
        request.generationIdOrMemberEpoch = -1
        request.topics = [topic]
        let codes = try await self.client.ask(request, version: 8).topics.flatMap(\.partitions).map(\.errorCode)
        self.note("direct commit", codes)
    }

    /// Returns the name of a group whose coordinator is ready.
    func group() async throws -> String {
        let group = unique("group")
        try await eventually("the group's coordinator is ready") {
            var request = FindCoordinatorRequest()
            request.coordinatorKeys = [group]
            guard try await self.client.ask(request, version: 4).coordinators[0].errorCode == .none else {
                return false
            }
            return try await self.client.committed(group, topic: "t").error == .none
        }
        return group
    }
}
