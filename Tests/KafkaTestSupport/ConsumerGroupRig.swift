// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaProtocol

/// A group of the consumer protocol by bare requests: each heartbeat says what the test wants, and answers become short texts
/// in which topics have their names.
package final class ConsumerGroupRig {
    /// What a heartbeat says. What is nil isn't said.
    package struct Heartbeat {
        package var epoch: Int32?
        package var instance: String?
        package var rack: String?
        package var timeout: Int32?
        package var topics: [String]?
        package var pattern: String?
        package var assignor: String?
        package var owned: [String: [Int32]]?
        package var version: Int16 = 1
    }

    package let client: RawClient
    package let group: String
    /// The IDs of topics by their names in the texts.
    private var ids: [String: KafkaUUID] = [:]
    /// The names of topics in the cluster by those in the texts.
    private var names: [String: String] = [:]
    /// The epochs that members were told last, and their partitions.
    package private(set) var epochs: [String: Int32] = [:]
    package private(set) var assigned: [String: [String: [Int32]]] = [:]

    package init(client: RawClient, group: String) {
        self.client = client
        self.group = group
    }

    /// Makes a topic of the cluster known by a shorter name.
    package func know(_ name: String, as short: String) async throws {
        var topic = MetadataRequest.MetadataRequestTopic()
        topic.name = name
        var request = MetadataRequest()
        request.topics = [topic]
        self.ids[short] = try await self.client.ask(request, version: 12).topics[0].topicId
        self.names[short] = name
    }

    /// Returns the name that a topic has in the cluster.
    package func clusterName(_ topic: String) -> String {
        self.names[topic] ?? topic
    }

    private func name(of id: KafkaUUID) -> String {
        self.ids.first { $0.value == id }?.key ?? "unknown topic"
    }

    /// Sends a heartbeat of a member with its last epoch, or with what `change` says.
    @discardableResult
    package func heartbeat(_ member: String, _ change: (inout Heartbeat) -> Void = { _ in }) async throws -> String {
        var heartbeat = Heartbeat()
        change(&heartbeat)
        var request = ConsumerGroupHeartbeatRequest()
        request.groupId = self.group
        request.memberId = member
        request.memberEpoch = heartbeat.epoch ?? self.epochs[member] ?? 0
        request.instanceId = heartbeat.instance
        request.rackId = heartbeat.rack
        request.rebalanceTimeoutMs = heartbeat.timeout ?? -1
        request.subscribedTopicNames = heartbeat.topics?.map { self.names[$0] ?? $0 }
        request.subscribedTopicRegex = heartbeat.pattern
        request.serverAssignor = heartbeat.assignor
        request.topicPartitions = heartbeat.owned.map { owned in
            owned.map { name, partitions in
                var topic = ConsumerGroupHeartbeatRequest.TopicPartitions()
                topic.topicId = self.ids[name] ?? .zero
                topic.partitions = partitions
                return topic
            }
        }
        let answer = try await self.client.ask(request, version: heartbeat.version)
        guard answer.errorCode == .none else { return "\(answer.errorCode)" }
        let id = answer.memberId ?? ""
        self.epochs[id] = answer.memberEpoch
        var text = "epoch \(answer.memberEpoch), every \(answer.heartbeatIntervalMs) ms"
        if let assignment = answer.assignment {
            let topics = assignment.topicPartitions.map { (self.name(of: $0.topicId), $0.partitions.sorted()) }
            self.assigned[id] = Dictionary(topics) { $0 + $1 }
            text += ", \(Self.text(topics))"
        }
        return text
    }

    /// Joins with a subscription.
    package func join(
        _ member: String, _ topics: String..., timeout: Int32 = 60_000, _ change: (inout Heartbeat) -> Void = { _ in }
    ) async throws -> String {
        try await self.heartbeat(member) { heartbeat in
            heartbeat.epoch = 0
            heartbeat.timeout = timeout
            heartbeat.topics = topics
            heartbeat.owned = [:]
            change(&heartbeat)
        }
    }

    /// Sends a heartbeat by which a member says that it has exactly what it was told to have.
    package func settle(_ member: String) async throws -> String {
        try await self.heartbeat(member) { $0.owned = self.assigned[member] ?? [:] }
    }

    private static func text(_ topics: [(String, [Int32])]) -> String {
        topics.sorted { $0.0 < $1.0 }.map { "\($0.0) \($0.1)" }.joined(separator: " ").nonEmpty ?? "nothing"
    }

    /// Describes the group, with its members in the order of their IDs.
    package func described(version: Int16 = 1) async throws -> String {
        var request = ConsumerGroupDescribeRequest()
        request.groupIds = [self.group]
        let group = try await self.client.ask(request, version: version).groups[0]
        guard group.errorCode == .none else { return "\(group.errorCode)" }
        func text(_ assignment: ConsumerGroupDescribeResponse.Assignment) -> String {
            Self.text(assignment.topicPartitions.map { (self.name(of: $0.topicId), $0.partitions.sorted()) })
        }
        let members = group.members.sorted { $0.memberId < $1.memberId }.map { member in
            let topics = member.subscribedTopicNames.map { name in
                self.names.first { $0.value == name }?.key ?? name
            }
            return
                "\(member.memberId) \(member.instanceId ?? "-") \(member.rackId ?? "-") \(member.memberEpoch) "
                + "\(topics.sorted()) \(member.subscribedTopicRegex ?? "-") type \(member.memberType) "
                + "has \(text(member.assignment)) wants \(text(member.targetAssignment))"
        }
        return
            "\(group.groupState) epoch \(group.groupEpoch) assignment \(group.assignmentEpoch) \(group.assignorName): "
            + members.joined(separator: "; ")
    }

    /// Commits an offset of a partition, and returns the error.
    package func commit(
        _ offset: Int64, of topic: String, _ partition: Int32 = 0, member: String, epoch: Int32? = nil,
        instance: String? = nil, version: Int16 = 9
    ) async throws -> ErrorCode {
        var part = OffsetCommitRequest.OffsetCommitRequestPartition()
        part.partitionIndex = partition
        part.committedOffset = offset
        var wanted = OffsetCommitRequest.OffsetCommitRequestTopic()
        wanted.name = self.names[topic] ?? topic
        wanted.topicId = self.ids[topic] ?? .zero
        wanted.partitions = [part]
        var request = OffsetCommitRequest()
        request.groupId = self.group
        request.memberId = member
        request.groupInstanceId = instance
        request.generationIdOrMemberEpoch = epoch ?? self.epochs[member] ?? -1
        request.topics = [wanted]
        return try await self.client.ask(request, version: version).topics[0].partitions[0].errorCode
    }

    /// Returns a committed offset, or the error.
    package func committed(
        _ topic: String, _ partition: Int32 = 0, member: String? = nil, epoch: Int32 = -1
    ) async throws -> String {
        var wanted = OffsetFetchRequest.OffsetFetchRequestTopics()
        wanted.name = self.names[topic] ?? topic
        wanted.partitionIndexes = [partition]
        var question = OffsetFetchRequest.OffsetFetchRequestGroup()
        question.groupId = self.group
        question.memberId = member
        question.memberEpoch = epoch
        question.topics = [wanted]
        var request = OffsetFetchRequest()
        request.groups = [question]
        let answer = try await self.client.ask(request, version: 9).groups[0]
        guard answer.errorCode == .none else { return "\(answer.errorCode)" }
        return "\(answer.topics[0].partitions[0].committedOffset)"
    }

    /// Returns how the group is listed, or nil if it isn't.
    package func listed(types: [String] = [], states: [String] = []) async throws -> String? {
        var request = ListGroupsRequest()
        request.typesFilter = types
        request.statesFilter = states
        return try await self.client.ask(request, version: 5).groups.first { $0.groupId == self.group }.map {
            "\($0.groupType) \($0.protocolType) \($0.groupState)"
        }
    }

    /// Describes the group as one of the classic protocol.
    package func describedAsClassic(version: Int16 = 6) async throws -> String {
        var request = DescribeGroupsRequest()
        request.groups = [self.group]
        let group = try await self.client.ask(request, version: version).groups[0]
        return "\(group.errorCode) \(group.groupState) \(group.protocolType) \(group.members.count)"
    }

    package func delete() async throws -> ErrorCode {
        var request = DeleteGroupsRequest()
        request.groupsNames = [self.group]
        return try await self.client.ask(request, version: 2).results[0].errorCode
    }

    package func deleteOffset(of topic: String, _ partition: Int32 = 0) async throws -> ErrorCode {
        var part = OffsetDeleteRequest.OffsetDeleteRequestPartition()
        part.partitionIndex = partition
        var wanted = OffsetDeleteRequest.OffsetDeleteRequestTopic()
        wanted.name = self.names[topic] ?? topic
        wanted.partitions = [part]
        var request = OffsetDeleteRequest()
        request.groupId = self.group
        request.topics = [wanted]
        let answer = try await self.client.ask(request, version: 0)
        return answer.errorCode == .none ? answer.topics[0].partitions[0].errorCode : answer.errorCode
    }
}

extension String {
    fileprivate var nonEmpty: String? { self.isEmpty ? nil : self }
}
