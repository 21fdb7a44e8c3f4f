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

/// Metadata and the requests that change it.
@Suite(.timeLimit(.minutes(2))) struct TopicAPITests {
    @Test(arguments: MetadataRequest.validVersions) func metadataWorksInEachVersion(version: Int16) async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 2)) { kafka, client in
            try await kafka.createTopic("t", partitions: 3, replicationFactor: 2)
            let answer = try await client.ask(
                MetadataRequest.named(["t"], mayCreate: true), version: version)
            #expect(answer.brokers.map { "\($0.host):\($0.port)" } == kafka.bootstrapServers)
            let topic = answer.topics[0]
            #expect(topic.errorCode == .none)
            #expect(topic.name == "t")
            #expect((topic.topicId != .zero) == (version >= 10))
            #expect(topic.partitions.map(\.leaderId) == [1, 2, 1])
            #expect(topic.partitions[1].replicaNodes == [2, 1])
            #expect(topic.partitions[1].isrNodes == [2, 1])
        }
    }

    @Test(arguments: [0, 1, 4, 12] as [Int16]) func metadataReturnsAllTopicsOrNone(version: Int16) async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("b")
            try await kafka.createTopic("a")
            var all = MetadataRequest()
            all.topics = version == 0 ? [] : nil
            #expect(try await client.ask(all, version: version).topics.map(\.name) == ["a", "b"])
            if version > 0 {
                let none = MetadataRequest.named([], mayCreate: true)
                #expect(try await client.ask(none, version: version).topics.isEmpty)
            }
        }
    }

    @Test func aRequestedTopicIsCreatedForTheNextRequestIfAllowed() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.defaultPartitions = 3
        try await withCluster(configuration) { _, client in
            func code(_ name: String, mayCreate: Bool) async throws -> ErrorCode {
                let request = MetadataRequest.named([name], mayCreate: mayCreate)
                return try await client.ask(request, version: 9).topics[0].errorCode
            }
            #expect(try await code("t", mayCreate: false) == .unknownTopicOrPartition)
            #expect(try await code("t", mayCreate: true) == .unknownTopicOrPartition)
            let answer = try await client.ask(MetadataRequest.named(["t"]), version: 9)
            #expect(answer.topics[0].partitions.count == 3)
            #expect(try await code("no way", mayCreate: true) == .invalidTopicException)
        }
    }

    @Test func automaticTopicCreationCanBeDisabled() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.createTopicsAutomatically = false
        try await withCluster(configuration) { kafka, client in
            _ = try await client.ask(MetadataRequest.named(["t"], mayCreate: true), version: 9)
            #expect(try await kafka.topics() == [])
        }
    }

    @Test func topicsAreLookedUpByTheirIDs() async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            var request = MetadataRequest.named(["t"])
            request.topics?[0].name = nil
            request.topics?[0].topicId = try await topicID("t", client)
            #expect(try await client.ask(request, version: 12).topics[0].name == "t")
            request.topics?[0].topicId = KafkaUUID(high: 1, low: 2)
            let unknown = try await client.ask(request, version: 12).topics[0]
            #expect(unknown.errorCode == .unknownTopicId)
            #expect(unknown.name == nil)
        }
    }

    @Test(arguments: CreateTopicsRequest.validVersions) func topicsAreCreated(version: Int16) async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 2)) { kafka, client in
            var request = CreateTopicsRequest()
            request.topics = [
                .named("t", partitions: 3, replicas: 2), .named("t2", partitions: 1, replicas: 9),
                .named("bad name", partitions: 1, replicas: 1), .named("none", partitions: 0, replicas: 1),
                .named("twice", partitions: 1, replicas: 1), .named("twice", partitions: 1, replicas: 1),
            ]
            let answer = try await client.ask(request, version: version)
            #expect(
                answer.topics.map(\.errorCode) == [
                    .none, .invalidReplicationFactor, .invalidTopicException, .invalidPartitions, .invalidRequest,
                    .invalidRequest,
                ])
            let again = try await client.ask(request, version: version)
            #expect(again.topics[0].errorCode == .topicAlreadyExists)
            #expect(try await kafka.topics() == ["t"])
        }
    }

    @Test func creationCanBeValidatedOnlyWithExplicitReplicasAndSettings() async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 3)) { kafka, client in
            var request = CreateTopicsRequest()
            var topic = CreateTopicsRequest.CreatableTopic.named("t", partitions: -1, replicas: -1)
            var assignment = CreateTopicsRequest.CreatableReplicaAssignment()
            assignment.brokerIds = [3, 1]
            topic.assignments = [assignment]
            request.topics = [topic]
            request.validateOnly = true
            let tried = try await client.ask(request, version: 7)
            #expect(tried.topics[0].errorCode == .none)
            #expect(try await kafka.topics() == [])
            request.validateOnly = false
            #expect(try await client.ask(request, version: 7).topics[0].numPartitions == 1)
            #expect(try await kafka.leader(of: "t", partition: 0) == 3)

            request.topics[0].name = "u"
            request.topics[0].assignments[0].brokerIds = [3, 9]
            #expect(try await client.ask(request, version: 7).topics[0].errorCode == .invalidReplicaAssignment)

            // All partitions must have the same number of replicas.
            request.topics[0].assignments[0].brokerIds = [3, 1]
            assignment.partitionIndex = 1
            assignment.brokerIds = [2]
            request.topics[0].assignments.append(assignment)
            #expect(try await client.ask(request, version: 7).topics[0].errorCode == .invalidReplicaAssignment)
            var more = CreatePartitionsRequest()
            var grown = CreatePartitionsRequest.CreatePartitionsTopic()
            grown.name = "t"
            grown.count = 2
            var replicas = CreatePartitionsRequest.CreatePartitionsAssignment()
            replicas.brokerIds = [2]
            grown.assignments = [replicas]
            more.topics = [grown]
            #expect(try await client.ask(more, version: 3).results[0].errorCode == .invalidReplicaAssignment)

            var config = CreateTopicsRequest.CreatableTopicConfig()
            config.name = "max.message.bytes"
            config.value = "many"
            request.topics = [.named("v", partitions: 1, replicas: 1)]
            request.topics[0].configs = [config]
            #expect(try await client.ask(request, version: 7).topics[0].errorCode == .invalidConfig)
        }
    }

    @Test(arguments: DeleteTopicsRequest.validVersions) func topicsAreDeleted(version: Int16) async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            try await kafka.createTopic("u")
            var request = DeleteTopicsRequest()
            if version < 6 {
                request.topicNames = ["t", "nowhere"]
            } else {
                var byName = DeleteTopicsRequest.DeleteTopicState()
                byName.name = "nowhere"
                var byID = DeleteTopicsRequest.DeleteTopicState()
                byID.topicId = try await topicID("t", client)
                request.topics = [byID, byName]
            }
            let answer = try await client.ask(request, version: version)
            #expect(answer.responses.map(\.errorCode) == [.none, .unknownTopicOrPartition])
            #expect(answer.responses[0].name == "t")
            #expect(try await kafka.topics() == ["u"])
        }
    }

    @Test func aRecreatedTopicHasAnotherIDAndNoRecords() async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            let id = try await topicID("t", client)
            _ = try await client.ask(ProduceRequest.one(try batch(["a"]), to: "t"), version: 9)
            try await kafka.deleteTopic("t")
            try await kafka.createTopic("t")
            #expect(try await topicID("t", client) != id)
            #expect(try await kafka.offsets(of: "t", partition: 0) == 0..<0)
            let answer = try await client.ask(FetchRequest.one("", id: id, offset: 0), version: 13)
            #expect(answer.only.errorCode == .unknownTopicId)
        }
    }

    @Test(arguments: CreatePartitionsRequest.validVersions) func partitionsAreAdded(version: Int16) async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t", partitions: 2)
            var request = CreatePartitionsRequest()
            request.topics = ([2, 4] as [Int32]).map { count in
                var topic = CreatePartitionsRequest.CreatePartitionsTopic()
                topic.name = "t"
                topic.count = count
                topic.assignments = nil
                return topic
            }
            let answer = try await client.ask(request, version: version)
            #expect(answer.results.map(\.errorCode) == [.invalidPartitions, .none])
            let metadata = try await client.ask(MetadataRequest.named(["t"]), version: 9)
            #expect(metadata.topics[0].partitions.count == 4)
        }
    }

    @Test(arguments: DeleteRecordsRequest.validVersions) func recordsAreDeleted(version: Int16) async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            _ = try await client.ask(ProduceRequest.one(try batch(["a", "b"]), to: "t"), version: 9)
            var request = DeleteRecordsRequest()
            var topic = DeleteRecordsRequest.DeleteRecordsTopic()
            topic.name = "t"
            for (index, offset) in [(0, 1), (0, 5), (7, 0)] as [(Int32, Int64)] {
                var partition = DeleteRecordsRequest.DeleteRecordsPartition()
                partition.partitionIndex = index
                partition.offset = offset
                topic.partitions.append(partition)
            }
            request.topics = [topic]
            let answer = try await client.ask(request, version: version).topics[0].partitions
            #expect(answer.map(\.errorCode) == [.none, .offsetOutOfRange, .unknownTopicOrPartition])
            #expect(answer[0].lowWatermark == 1)
            #expect(try await kafka.offsets(of: "t", partition: 0) == 1..<2)
        }
    }

    @Test(arguments: DescribeClusterRequest.validVersions) func theClusterIsDescribed(version: Int16) async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 2)) { kafka, client in
            let answer = try await client.ask(DescribeClusterRequest(), version: version)
            #expect(answer.brokers.map { "\($0.host):\($0.port)" } == kafka.bootstrapServers)
            let metadata = try await client.ask(MetadataRequest.named([]), version: 9)
            #expect(answer.clusterId == metadata.clusterId)
        }
    }

    @Test(arguments: DescribeConfigsRequest.validVersions) func configurationIsDescribed(version: Int16) async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t", configuration: ["retention.bytes": "7"])
            var request = DescribeConfigsRequest()
            var resource = DescribeConfigsRequest.DescribeConfigsResource()
            resource.resourceType = 2
            resource.resourceName = "t"
            resource.configurationKeys = ["retention.bytes"]
            request.resources = [resource]
            let answer = try await client.ask(request, version: version)
            #expect(answer.results[0].configs.map(\.value) == ["7"])
            request.resources[0].resourceName = "nowhere"
            #expect(try await client.ask(request, version: version).results[0].errorCode == .unknownTopicOrPartition)
        }
    }

    @Test(arguments: ListOffsetsRequest.validVersions) func offsetsAreListed(version: Int16) async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            _ = try await client.ask(
                ProduceRequest.one(try batch(["a", "b", "c"], timestamp: 1000), to: "t"), version: 9)
            try await kafka.deleteRecords("t", partition: 0, before: 1)
            func list(_ timestamp: Int64) async throws -> [Int64] {
                let found = try await client.ask(ListOffsetsRequest.one("t", timestamp: timestamp), version: version)
                    .only
                #expect(found.errorCode == .none)
                return [found.offset, found.timestamp]
            }
            #expect(try await list(-1) == [3, -1])
            #expect(try await list(-2) == [1, -1])
            #expect(try await list(1002) == [2, 1002])
            #expect(try await list(1003) == [-1, -1])
            if version >= 7 { #expect(try await list(-3) == [2, 1002]) }
            let unknown = try await client.ask(
                ListOffsetsRequest.one("t", partition: 9, timestamp: -1), version: version)
            #expect(unknown.only.errorCode == .unknownTopicOrPartition)
        }
    }

    @Test(arguments: OffsetForLeaderEpochRequest.validVersions)
    func truncationShowsInTheEndOffsetsOfEpochs(version: Int16) async throws {
        try await withCluster { kafka, client in
            try await kafka.createTopic("t")
            for value in ["a", "b", "c"] {
                _ = try await client.ask(ProduceRequest.one(try batch([value]), to: "t"), version: 9)
            }
            func end(of epoch: Int32, current: Int32 = -1) async throws -> OffsetForLeaderEpochResponse.EpochEndOffset {
                var request = OffsetForLeaderEpochRequest()
                var topic = OffsetForLeaderEpochRequest.OffsetForLeaderTopic()
                topic.topic = "t"
                var partition = OffsetForLeaderEpochRequest.OffsetForLeaderPartition()
                partition.leaderEpoch = epoch
                partition.currentLeaderEpoch = current
                topic.partitions = [partition]
                request.topics = [topic]
                return try await client.ask(request, version: version).topics[0].partitions[0]
            }
            #expect(try await end(of: 0).endOffset == 3)
            try await kafka.truncate("t", partition: 0, to: 1)
            _ = try await client.ask(ProduceRequest.one(try batch(["d"]), to: "t"), version: 9)
            #expect(try await end(of: 0).endOffset == 1)
            #expect(try await end(of: 1).endOffset == 2)
            #expect(try await end(of: 2).endOffset == -1)
            #expect(try await end(of: 0, current: 0).errorCode == .fencedLeaderEpoch)
            #expect(try await end(of: 0, current: 2).errorCode == .unknownLeaderEpoch)

            // A consumer that has read the truncated records also learns of it from its fetch.
            var request = FetchRequest.one("t", offset: 3)
            request.topics[0].partitions[0].lastFetchedEpoch = 0
            let fetched = try await client.ask(request, version: 12)
            #expect(fetched.only.divergingEpoch.epoch == 0)
            #expect(fetched.only.divergingEpoch.endOffset == 1)
        }
    }

    @Test(arguments: 0...5 as ClosedRange<Int16>) func producersGetDistinctIDs(version: Int16) async throws {
        try await withCluster { _, client in
            var request = InitProducerIdRequest()
            request.transactionalId = nil
            let first = try await client.ask(request, version: version)
            let second = try await client.ask(request, version: version)
            #expect(first.errorCode == .none)
            #expect(first.producerEpoch == 0)
            #expect(first.producerId != second.producerId)
        }
    }
}

extension CreateTopicsRequest.CreatableTopic {
    static func named(_ name: String, partitions: Int32, replicas: Int16) -> Self {
        var topic = Self()
        topic.name = name
        topic.numPartitions = partitions
        topic.replicationFactor = replicas
        return topic
    }
}
