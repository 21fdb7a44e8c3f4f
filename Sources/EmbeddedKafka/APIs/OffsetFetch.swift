// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum OffsetFetchEndpoint: Endpoint {
    static let name = "OffsetFetch"

    /// The query for one group. Up to version 7 a request has one group, from version 8 on several.
    private struct Query {
        var group: String
        /// The topics, or nil for all committed offsets of the group.
        var topics: [OffsetFetchRequest.OffsetFetchRequestTopics]?
        /// Whether offsets that an open transaction commits are refused (KIP-447).
        var requiresStable: Bool
        /// The member that asks, and its epoch.
        var memberID: String?
        var memberEpoch: Int32 = -1
    }

    static func access(_ request: OffsetFetchRequest) -> Access { .byItem }

    static func handle(_ request: OffsetFetchRequest, _ call: Call) {
        self.answer(request, call) { self.refusal($0, call) }
    }

    private static func refusal(_ query: Query, _ call: Call) -> ErrorCode {
        if !call.permits(.describe, .group(query.group)) { return .groupAuthorizationFailed }
        if query.group.isEmpty { return .invalidGroupId }
        if !call.coordinatesGroup(query.group) { return .notCoordinator }
        guard call.version >= 9, let group = call.cluster.groups[query.group], group.kind == .consumer else {
            return .none
        }
        return group.epochs.fetchRefusal(memberID: query.memberID, epoch: query.memberEpoch)
    }

    private static func answer(_ request: OffsetFetchRequest, _ call: Call, _ refusal: (Query) -> ErrorCode) {
        var response = OffsetFetchResponse()
        for query in self.queries(request, call) {
            var group = OffsetFetchResponse.OffsetFetchResponseGroup()
            group.groupId = query.group
            group.errorCode = refusal(query)
            if group.errorCode == .none { group.topics = self.topics(query, call) }
            if call.version >= 8 {
                response.groups.append(group)
            } else {
                self.answerAsBefore(query, group, call, &response)
            }
        }
        call.answer(response)
    }

    private static func queries(_ request: OffsetFetchRequest, _ call: Call) -> [Query] {
        if call.version >= 8 {
            return request.groups.map {
                Query(
                    group: $0.groupId, topics: $0.topics, requiresStable: request.requireStable,
                    memberID: $0.memberId, memberEpoch: $0.memberEpoch)
            }
        }
        let topics = request.topics?.map { topic in
            var wanted = OffsetFetchRequest.OffsetFetchRequestTopics()
            wanted.name = topic.name
            wanted.partitionIndexes = topic.partitionIndexes
            return wanted
        }
        return [Query(group: request.groupId, topics: topics, requiresStable: request.requireStable)]
    }

    private static func topics(_ query: Query, _ call: Call) -> [OffsetFetchResponse.OffsetFetchResponseTopics] {
        let group = call.cluster.groups[query.group]
        let offsets = group?.offsets ?? [:]
        func part(_ topic: String, _ index: Int32) -> OffsetFetchResponse.OffsetFetchResponsePartitions {
            guard query.requiresStable, group?.isUnstable(topic: topic, partition: index) == true else {
                return self.partition(index, offsets[topic]?[index])
            }
            var part = self.partition(index, nil)
            part.errorCode = .unstableOffsetCommit
            return part
        }
        guard let wanted = query.topics else {
            return offsets.filter { call.permits(.describe, .topic($0.key)) }.sorted { $0.key < $1.key }.map {
                name, partitions in
                var topic = OffsetFetchResponse.OffsetFetchResponseTopics()
                topic.name = name
                topic.topicId = call.cluster.topic(name)?.id ?? .zero
                topic.partitions = partitions.keys.sorted().map { part(name, $0) }
                return topic
            }
        }
        return wanted.map { requested in
            var topic = OffsetFetchResponse.OffsetFetchResponseTopics()
            topic.name = requested.name
            topic.topicId = requested.topicId
            let known = call.version >= 10 ? call.cluster.topic(id: requested.topicId)?.name : requested.name
            topic.partitions = requested.partitionIndexes.map { index in
                guard let known, call.permits(.describe, .topic(known)) else {
                    var part = self.partition(index, nil)
                    part.errorCode = known == nil ? .unknownTopicId : .topicAuthorizationFailed
                    return part
                }
                return part(known, index)
            }
            return topic
        }
    }

    private static func partition(
        _ index: Int32, _ committed: ConsumerGroup.CommittedOffset?
    ) -> OffsetFetchResponse.OffsetFetchResponsePartitions {
        var part = OffsetFetchResponse.OffsetFetchResponsePartitions()
        part.partitionIndex = index
        part.committedOffset = committed?.offset ?? -1
        part.committedLeaderEpoch = committed?.leaderEpoch ?? -1
        part.metadata = committed?.metadata ?? ""
        return part
    }

    /// Fills in the response for versions up to 7. Versions 0 and 1 have errors only for partitions, not for the group.
    private static func answerAsBefore(
        _ query: Query, _ group: OffsetFetchResponse.OffsetFetchResponseGroup, _ call: Call,
        _ response: inout OffsetFetchResponse
    ) {
        if call.version >= 2 { response.errorCode = group.errorCode }
        var topics = group.topics
        if call.version < 2, group.errorCode != .none {
            topics = (query.topics ?? []).map { requested in
                var topic = OffsetFetchResponse.OffsetFetchResponseTopics()
                topic.name = requested.name
                topic.partitions = requested.partitionIndexes.map { index in
                    var part = self.partition(index, nil)
                    part.errorCode = group.errorCode
                    return part
                }
                return topic
            }
        }
        response.topics = topics.map { topic in
            var result = OffsetFetchResponse.OffsetFetchResponseTopic()
            result.name = topic.name
            result.partitions = topic.partitions.map {
                var part = OffsetFetchResponse.OffsetFetchResponsePartition()
                part.partitionIndex = $0.partitionIndex
                part.committedOffset = $0.committedOffset
                if call.version >= 5 { part.committedLeaderEpoch = $0.committedLeaderEpoch }
                part.metadata = $0.metadata
                part.errorCode = $0.errorCode
                return part
            }
            return result
        }
    }

    static func fail(_ request: OffsetFetchRequest, _ error: ErrorCode, _ call: Call) {
        self.answer(request, call) { _ in error }
    }
}
