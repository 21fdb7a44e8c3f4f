// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum DescribeTopicPartitionsEndpoint: Endpoint {
    static let name = "DescribeTopicPartitions"

    private typealias ResponseTopic = DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic

    static func access(_ request: DescribeTopicPartitionsRequest) -> Access { .byItem }

    static func handle(_ request: DescribeTopicPartitionsRequest, _ call: Call) {
        // A client that doesn't name topics isn't told of those that it may not know, nor by the cursor.
        let wanted =
            request.topics.isEmpty
            ? call.cluster.topics.keys.filter { call.permits(.describe, .topic($0)) } : request.topics.map(\.name)
        let from = request.cursor
        var room = max(1, min(Int(request.responsePartitionLimit), call.cluster.configuration.maxDescribedPartitions))
        var response = DescribeTopicPartitionsResponse()
        for name in Set(wanted).sorted() where name >= (from?.topicName ?? "") {
            if room == 0 {
                response.nextCursor = self.cursor(name, 0)
                break
            }
            guard call.permits(.describe, .topic(name)) else {
                response.topics.append(self.missing(name, .topicAuthorizationFailed))
                continue
            }
            guard let topic = call.cluster.topic(name) else {
                response.topics.append(self.missing(name))
                continue
            }
            let first = from?.topicName == name ? max(0, Int(from?.partitionIndex ?? 0)) : 0
            let partitions = topic.partitions.dropFirst(first).prefix(room)
            room -= partitions.count
            response.topics.append(self.description(topic, partitions, call))
            if partitions.endIndex < topic.partitions.endIndex {
                response.nextCursor = self.cursor(name, Int32(partitions.endIndex))
                break
            }
        }
        call.answer(response)
    }

    private static func description(
        _ topic: Topic, _ partitions: ArraySlice<Partition>, _ call: Call
    ) -> ResponseTopic {
        var response = ResponseTopic()
        response.name = topic.name
        response.topicId = topic.id
        response.topicAuthorizedOperations = call.permittedOperations(on: .topic(topic.name))
        response.partitions = partitions.map { partition in
            var part = DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponsePartition()
            part.partitionIndex = partition.index
            part.errorCode = partition.leader == nil ? .leaderNotAvailable : .none
            part.leaderId = partition.leader ?? -1
            part.leaderEpoch = partition.leaderEpoch
            part.replicaNodes = partition.replicas
            part.isrNodes = partition.inSyncReplicas
            part.eligibleLeaderReplicas = []
            part.lastKnownElr = []
            part.offlineReplicas = partition.replicas.filter { !call.cluster.isRunning($0) }
            return part
        }
        return response
    }

    private static func missing(_ name: String, _ error: ErrorCode? = nil) -> ResponseTopic {
        var response = ResponseTopic()
        response.name = name
        let problem = Topic.problem(withName: name)
        response.errorCode = error ?? (problem == nil ? .unknownTopicOrPartition : .invalidTopicException)
        return response
    }

    private static func cursor(_ topic: String, _ partition: Int32) -> DescribeTopicPartitionsResponse.Cursor {
        var cursor = DescribeTopicPartitionsResponse.Cursor()
        cursor.topicName = topic
        cursor.partitionIndex = partition
        return cursor
    }

    static func fail(_ request: DescribeTopicPartitionsRequest, _ error: ErrorCode, _ call: Call) {
        var response = DescribeTopicPartitionsResponse()
        response.topics = request.topics.map { requested in
            var topic = ResponseTopic()
            topic.name = requested.name
            topic.errorCode = error
            return topic
        }
        call.answer(response)
    }
}
