// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTestSupport

/// A member of the classic protocol, by bare requests.
private final class ClassicRig {
    let client: RawClient
    let group: String
    let topic: String
    let protocols: [String]
    let instance: String?
    var id = ""
    var generation: Int32 = -1
    var owned: [Int32] = []

    init(_ rig: ConsumerGroupRig, _ topic: String, protocols: [String] = ["range"], instance: String? = nil) {
        self.client = rig.client
        self.group = rig.group
        self.topic = rig.clusterName(topic)
        self.protocols = protocols
        self.instance = instance
    }

    private func subscription() throws -> Bytes {
        var subscription = ConsumerProtocolSubscription()
        subscription.topics = [self.topic]
        if !self.owned.isEmpty {
            var part = ConsumerProtocolSubscription.TopicPartition()
            part.topic = self.topic
            part.partitions = self.owned
            subscription.ownedPartitions = [part]
        }
        var writer = ByteWriter()
        writer.writeInt16(1)
        try subscription.encode(into: &writer, version: 1)
        return Bytes(writer.finish().joined())
    }

    func join(type: String = "consumer") async throws -> String {
        var request = JoinGroupRequest()
        request.groupId = self.group
        request.memberId = self.id
        request.groupInstanceId = self.instance
        request.protocolType = type
        request.sessionTimeoutMs = 30_000
        request.rebalanceTimeoutMs = 30_000
        for name in self.protocols {
            var wanted = JoinGroupRequest.JoinGroupRequestProtocol()
            wanted.name = name
            wanted.metadata = try self.subscription()
            request.protocols.append(wanted)
        }
        let answer = try await self.client.ask(request, version: 9)
        if !answer.memberId.isEmpty { self.id = answer.memberId }
        guard answer.errorCode == .none else { return "\(answer.errorCode)" }
        self.generation = answer.generationId
        let leader = answer.leader == self.id ? "it" : answer.leader.isEmpty ? "none" : "another"
        return
            "generation \(answer.generationId) \(answer.protocolType ?? "-") \(answer.protocolName ?? "-") led by \(leader), "
            + "\(answer.members.count) members"
    }

    /// Sends SyncGroup, as the leader with these partitions for itself.
    func sync(leadingWith partitions: [Int32]? = nil) async throws -> String {
        var request = SyncGroupRequest()
        request.groupId = self.group
        request.memberId = self.id
        request.groupInstanceId = self.instance
        request.generationId = self.generation
        request.protocolType = "consumer"
        request.protocolName = self.protocols[0]
        if let partitions {
            var part = ConsumerProtocolAssignment.TopicPartition()
            part.topic = self.topic
            part.partitions = partitions
            var assignment = ConsumerProtocolAssignment()
            assignment.assignedPartitions = [part]
            var writer = ByteWriter()
            writer.writeInt16(1)
            try assignment.encode(into: &writer, version: 1)
            var mine = SyncGroupRequest.SyncGroupRequestAssignment()
            mine.memberId = self.id
            mine.assignment = Bytes(writer.finish().joined())
            request.assignments = [mine]
        }
        let answer = try await self.client.ask(request, version: 5)
        guard answer.errorCode == .none else { return "\(answer.errorCode)" }
        guard !answer.assignment.isEmpty else { return "nothing" }
        var reader = ByteReader(answer.assignment)
        let version = try reader.readInt16()
        let assignment = try ConsumerProtocolAssignment(from: &reader, version: version)
        self.owned = assignment.assignedPartitions.flatMap(\.partitions).sorted()
        return "version \(version) \(self.owned) \(answer.protocolType ?? "-") \(answer.protocolName ?? "-")"
    }

    func heartbeat() async throws -> ErrorCode {
        var request = HeartbeatRequest()
        request.groupId = self.group
        request.memberId = self.id
        request.groupInstanceId = self.instance
        request.generationId = self.generation
        return try await self.client.ask(request, version: 4).errorCode
    }

    func leave() async throws -> String {
        var member = LeaveGroupRequest.MemberIdentity()
        member.memberId = self.id
        member.groupInstanceId = self.instance
        var request = LeaveGroupRequest()
        request.groupId = self.group
        request.members = [member]
        let answer = try await self.client.ask(request, version: 5)
        return "\(answer.errorCode) \(answer.members.map(\.errorCode))"
    }
}

/// Groups that change from one protocol to the other while they have members.
extension GroupScript {
    func migrate() async throws {
        self.begin("migration")
        let rig = try await self.rig(["t": 4])
        let old = ClassicRig(rig, "t")
        self.note("without ID", try await old.join())
        self.note("joins", try await old.join())
        self.note("syncs", try await old.sync(leadingWith: [0, 1, 2, 3]))
        self.note("listed", try await rig.listed() ?? "none")
        self.note("no consumer group", try await rig.described())
        self.note("leave", try await rig.heartbeat("a") { $0.epoch = -1 })
        self.note("heartbeat", try await rig.heartbeat("a") { $0.epoch = 1 })
        self.note("a joins", try await rig.join("a", "t"))
        self.note("listed", try await rig.listed() ?? "none")
        self.note("no classic group", try await rig.describedAsClassic())
        self.note("described", self.hide(old, try await rig.described()))
        self.note("old heartbeat", try await old.heartbeat())
        self.note("old commits", try await rig.commit(1, of: "t", member: old.id, epoch: old.generation, version: 8))
        self.note("old commits ahead", try await rig.commit(1, of: "t", member: old.id, epoch: 99, version: 8))
        self.note("a waits", try await rig.settle("a"))
        self.note("old joins", try await old.join())
        self.note("old syncs", try await old.sync())
        self.note("old heartbeat", try await old.heartbeat())
        self.note("a", try await rig.settle("a"))
        self.note("described", self.hide(old, try await rig.described()))
        old.generation += 1
        self.note("other generation", try await old.heartbeat())
        self.note("syncs with it", try await old.sync())
        old.generation -= 1
        let other = ClassicRig(rig, "t", protocols: ["roundrobin"])
        self.note("other protocol", try await other.join())
        self.note("other type", try await ClassicRig(rig, "t").join(type: "connect"))
        let wrong = ClassicRig(rig, "t")
        (wrong.id, wrong.generation) = ("a", rig.epochs["a"] ?? 0)
        self.note("classic heartbeat of another", try await wrong.heartbeat())
        self.note("classic sync of another", try await wrong.sync())
        self.note("a leaves", try await rig.heartbeat("a") { $0.epoch = -1 })
        self.note("listed", try await rig.listed() ?? "none")
        self.note("old heartbeat", try await old.heartbeat())
        self.note("old joins", try await old.join())
        self.note("old syncs", try await old.sync(leadingWith: [0, 1, 2, 3]))
        self.note("old leaves", try await old.leave())
        self.note("listed", try await rig.listed() ?? "none")
        self.note("b joins the empty group", try await rig.join("b", "t"))
        self.note("b leaves", try await rig.heartbeat("b") { $0.epoch = -1 })
        let late = ClassicRig(rig, "t", instance: "i")
        self.note("late joins the empty group", try await late.join())
        self.note("late syncs", try await late.sync(leadingWith: [1]))
        self.note("listed", try await rig.listed() ?? "none")
        self.note("c takes its place", try await rig.join("c", "t") { $0.instance = "i" })
        self.note("described", try await rig.described())
        self.note("late heartbeat", try await late.heartbeat())
        self.note("late leaves", try await late.leave())
        let back = ClassicRig(rig, "t", instance: "i")
        self.note("back takes its place", try await back.join())
        self.note("listed", try await rig.listed() ?? "none")
        self.note("back heartbeat", try await back.heartbeat())
    }

    /// A member that owns partitions hands them on in the cooperative way, while the group is mixed.
    func migrateCooperatively() async throws {
        self.begin("mixed")
        let rig = try await self.rig(["t": 6])
        self.note("a joins", try await rig.join("a", "t"))
        let old = ClassicRig(rig, "t", protocols: ["cooperative-sticky"])
        self.note("without ID", try await old.join())
        self.note("joins", try await old.join())
        self.note("syncs", try await old.sync())
        self.note("heartbeat", try await old.heartbeat())
        self.note("a is asked", try await rig.heartbeat("a"))
        self.note("a gives up", try await rig.settle("a"))
        self.note("old heartbeat", try await old.heartbeat())
        self.note("old joins", try await old.join())
        self.note("old syncs", try await old.sync())
        self.note("old heartbeat", try await old.heartbeat())
        self.note("b joins", try await rig.join("b", "t"))
        self.note("old heartbeat", try await old.heartbeat())
        self.note("old joins", try await old.join())
        self.note("old syncs", try await old.sync())
        self.note("old heartbeat", try await old.heartbeat())
        self.note("old joins", try await old.join())
        self.note("old syncs", try await old.sync())
        self.note("old heartbeat", try await old.heartbeat())
        self.note("described", self.hide(old, try await rig.described()))
        self.note("old leaves", try await old.leave())
        self.note("old leaves again", try await old.leave())
        self.note("described", try await rig.described())
    }

    /// The description without the member's ID, which the coordinator made up.
    private func hide(_ member: ClassicRig, _ text: String) -> String {
        guard let end = text.firstRange(of: ": ") else { return text }
        let members = text[end.upperBound...].split(separator: "; ").map { $0.replacing(member.id, with: "old") }
        return text[..<end.upperBound] + members.map { String($0) }.sorted().joined(separator: "; ")
    }
}
