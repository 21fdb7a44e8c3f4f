// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Describes topics with a Metadata request, for brokers without DescribeTopicPartitions. An item is the name of a topic.
struct TopicMetadataCall: Call {
    typealias Request = MetadataRequest

    var includesAuthorizedOperations: Bool

    // Below version 4, a broker may create the topics that are described.
    var versions: ClosedRange<Int16> { Int16(4)...MetadataRequest.latestStableVersion }

    var doing: String { "describing topics" }

    func destination(of topic: String) -> Destination { .anyBroker }

    func request(for topics: [String], to recipient: Recipient) throws(KafkaError) -> MetadataRequest {
        var request = MetadataRequest()
        request.allowAutoTopicCreation = false
        if recipient.version >= 8 { request.includeTopicAuthorizedOperations = self.includesAuthorizedOperations }
        request.topics = topics.map { name in
            var topic = MetadataRequest.MetadataRequestTopic()
            topic.name = name
            return topic
        }
        return request
    }

    func outcomes(
        of response: MetadataResponse, to topics: [String], from recipient: Recipient
    ) -> [String: CallOutcome<TopicDescription>] {
        var outcomes: [String: CallOutcome<TopicDescription>] = [:]
        for answer in response.topics {
            guard let name = answer.name else { continue }
            guard answer.errorCode == .none else {
                outcomes[name] = self.refused(answer.errorCode, name, by: recipient)
                continue
            }
            let partitions = answer.partitions.map { partition in
                PartitionDescription(
                    partition: partition.partitionIndex, leader: partition.leaderId >= 0 ? partition.leaderId : nil,
                    leaderEpoch: partition.leaderEpoch >= 0 ? partition.leaderEpoch : nil,
                    replicas: partition.replicaNodes, inSyncReplicas: partition.isrNodes,
                    offlineReplicas: partition.offlineReplicas)
            }
            outcomes[name] = .done(
                TopicDescription(
                    name: name, id: answer.topicId == .zero ? nil : answer.topicId, isInternal: answer.isInternal,
                    partitions: partitions.sorted { $0.partition < $1.partition },
                    authorizedOperations: self.includesAuthorizedOperations
                        ? Set(bits: answer.topicAuthorizedOperations) : nil))
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about topic: String) { error.topic = topic }
}
