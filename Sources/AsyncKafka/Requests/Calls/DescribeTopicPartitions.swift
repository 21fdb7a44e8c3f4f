// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Describes topics, a page at a time (KIP-966, Kafka 3.8). The value says how far the page reaches into the topic.
struct DescribeTopicPartitionsCall: Call {
    typealias Request = DescribeTopicPartitionsRequest

    /// A partition at which a page begins.
    struct Position: Hashable, Sendable {
        var topic: String
        var partition: Int32
    }

    enum Page: Hashable, Sendable {
        /// The topic with its partitions on this page, and the first partition of the next page, or nil at the topic's end.
        case topic(TopicDescription, next: Int32?)
        /// The page ends before this topic.
        case notReached
    }

    /// Where the page begins. Nil for the first one.
    var start: Position?
    var includesAuthorizedOperations: Bool

    var doing: String { "describing topics" }

    func destination(of topic: String) -> Destination { .anyBroker }

    func request(for topics: [String], to recipient: Recipient) throws(KafkaError) -> DescribeTopicPartitionsRequest {
        var request = DescribeTopicPartitionsRequest()
        request.topics = topics.sorted().map { name in
            var topic = DescribeTopicPartitionsRequest.TopicRequest()
            topic.name = name
            return topic
        }
        // The broker skips the topics before the cursor's, so a retry without that topic has no cursor.
        if let start, topics.contains(start.topic) {
            var cursor = DescribeTopicPartitionsRequest.Cursor()
            cursor.topicName = start.topic
            cursor.partitionIndex = start.partition
            request.cursor = cursor
        }
        return request
    }

    func outcomes(
        of response: DescribeTopicPartitionsResponse, to topics: [String], from recipient: Recipient
    ) -> [String: CallOutcome<Page>] {
        var outcomes: [String: CallOutcome<Page>] = [:]
        let skipsEarlier = self.start.map { topics.contains($0.topic) } ?? false
        for name in topics {
            if response.nextCursor != nil || (skipsEarlier && name < (self.start?.topic ?? "")) {
                outcomes[name] = .done(.notReached)
            }
        }
        for answer in response.topics {
            guard let name = answer.name else { continue }
            guard answer.errorCode == .none else {
                outcomes[name] = self.refused(answer.errorCode, name, by: recipient)
                continue
            }
            let next = response.nextCursor.flatMap { $0.topicName == name ? $0.partitionIndex : nil }
            outcomes[name] = .done(.topic(self.description(of: answer, name: name), next: next))
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about topic: String) { error.topic = topic }

    private func description(
        of topic: DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic, name: String
    ) -> TopicDescription {
        TopicDescription(
            name: name, id: topic.topicId == .zero ? nil : topic.topicId, isInternal: topic.isInternal,
            partitions: topic.partitions.map { partition in
                PartitionDescription(
                    partition: partition.partitionIndex, leader: partition.leaderId >= 0 ? partition.leaderId : nil,
                    leaderEpoch: partition.leaderEpoch >= 0 ? partition.leaderEpoch : nil,
                    replicas: partition.replicaNodes, inSyncReplicas: partition.isrNodes,
                    offlineReplicas: partition.offlineReplicas,
                    eligibleLeaderReplicas: partition.eligibleLeaderReplicas,
                    lastKnownEligibleLeaderReplicas: partition.lastKnownElr)
            }.sorted { $0.partition < $1.partition },
            authorizedOperations: self.includesAuthorizedOperations
                ? Set(bits: topic.topicAuthorizedOperations) : nil)
    }
}
