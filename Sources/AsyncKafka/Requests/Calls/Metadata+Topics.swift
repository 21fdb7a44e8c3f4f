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
            outcomes[name] = .done(answer.description(includesAuthorizedOperations: self.includesAuthorizedOperations))
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about topic: String) { error.topic = topic }
}

/// Describes topics by their ids, by which brokers can find them since Kafka 3.1 (KIP-516).
struct TopicIDMetadataCall: Call {
    typealias Request = MetadataRequest

    var includesAuthorizedOperations: Bool

    private static let firstWithIDs: Int16 = 12

    var doing: String { "describing topics" }

    func destination(of id: KafkaUUID) -> Destination { .anyBroker }

    func request(for ids: [KafkaUUID], to recipient: Recipient) throws(KafkaError) -> MetadataRequest {
        guard recipient.version >= Self.firstWithIDs else {
            throw KafkaError(
                .unsupportedVersion,
                "The broker can't describe topics by id, which came with Kafka 3.1: describe them by name.",
                broker: recipient.broker.description)
        }
        var request = MetadataRequest()
        request.allowAutoTopicCreation = false
        request.includeTopicAuthorizedOperations = self.includesAuthorizedOperations
        request.topics = ids.map { id in
            var topic = MetadataRequest.MetadataRequestTopic()
            topic.topicId = id
            topic.name = nil
            return topic
        }
        return request
    }

    func outcomes(
        of response: MetadataResponse, to ids: [KafkaUUID], from recipient: Recipient
    ) -> [KafkaUUID: CallOutcome<TopicDescription>] {
        var outcomes: [KafkaUUID: CallOutcome<TopicDescription>] = [:]
        for answer in response.topics {
            outcomes[answer.topicId] =
                answer.errorCode == .none
                ? .done(answer.description(includesAuthorizedOperations: self.includesAuthorizedOperations))
                : self.refused(answer.errorCode, answer.topicId, by: recipient)
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about id: KafkaUUID) { error.message += " (The topic's id is \(id).)" }
}

extension MetadataResponse.MetadataResponseTopic {
    func description(includesAuthorizedOperations: Bool) -> TopicDescription {
        let partitions = self.partitions.map { partition in
            PartitionDescription(
                partition: partition.partitionIndex, leader: partition.leaderId >= 0 ? partition.leaderId : nil,
                leaderEpoch: partition.leaderEpoch >= 0 ? partition.leaderEpoch : nil,
                replicas: partition.replicaNodes, inSyncReplicas: partition.isrNodes,
                offlineReplicas: partition.offlineReplicas)
        }
        return TopicDescription(
            name: self.name ?? "", id: self.topicId == .zero ? nil : self.topicId, isInternal: self.isInternal,
            partitions: partitions.sorted { $0.partition < $1.partition },
            authorizedOperations: includesAuthorizedOperations ? Set(bits: self.topicAuthorizedOperations) : nil)
    }
}
