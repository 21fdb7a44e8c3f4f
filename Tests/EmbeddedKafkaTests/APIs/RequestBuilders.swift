// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// Short forms of requests for tests.
extension ProduceRequest {
    static func one(
        _ records: Bytes, to topic: String, id: KafkaUUID = .zero, partition: Int32 = 0, acks: Int16 = -1
    ) -> ProduceRequest {
        var request = ProduceRequest()
        request.acks = acks
        request.timeoutMs = 10_000
        var data = TopicProduceData()
        data.name = topic
        data.topicId = id
        var part = PartitionProduceData()
        part.index = partition
        part.records = [records]
        data.partitionData = [part]
        request.topicData = [data]
        return request
    }
}

extension ProduceResponse {
    var only: PartitionProduceResponse { self.responses[0].partitionResponses[0] }
}

extension FetchRequest {
    static func one(
        _ topic: String, id: KafkaUUID = .zero, partition: Int32 = 0, offset: Int64, maxWait: Int32 = 0,
        minBytes: Int32 = 1, maxBytes: Int32 = 1 << 20, leaderEpoch: Int32 = -1
    ) -> FetchRequest {
        var request = FetchRequest()
        request.maxWaitMs = maxWait
        request.minBytes = minBytes
        var wanted = FetchTopic()
        wanted.topic = topic
        wanted.topicId = id
        var part = FetchPartition()
        part.partition = partition
        part.fetchOffset = offset
        part.partitionMaxBytes = maxBytes
        part.currentLeaderEpoch = leaderEpoch
        wanted.partitions = [part]
        request.topics = [wanted]
        return request
    }
}

extension FetchResponse {
    var only: PartitionData { self.responses[0].partitions[0] }
}

extension ListOffsetsRequest {
    static func one(_ topic: String, partition: Int32 = 0, timestamp: Int64) -> ListOffsetsRequest {
        var request = ListOffsetsRequest()
        request.replicaId = -1
        var wanted = ListOffsetsTopic()
        wanted.name = topic
        var part = ListOffsetsPartition()
        part.partitionIndex = partition
        part.timestamp = timestamp
        wanted.partitions = [part]
        request.topics = [wanted]
        return request
    }
}

extension ListOffsetsResponse {
    var only: ListOffsetsPartitionResponse { self.topics[0].partitions[0] }
}

extension MetadataRequest {
    static func named(_ topics: [String], mayCreate: Bool = false) -> MetadataRequest {
        var request = MetadataRequest()
        request.allowAutoTopicCreation = mayCreate
        request.topics = topics.map {
            var topic = MetadataRequestTopic()
            topic.name = $0
            return topic
        }
        return request
    }
}

extension ApiVersionsResponse {
    /// Returns the level of a feature, or nil if it is off.
    func level(of feature: String) -> Int16? {
        self.finalizedFeatures.first { $0.name == feature }?.maxVersionLevel
    }
}
