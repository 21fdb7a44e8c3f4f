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

/// The APIs about log directories, elections and reassignments.
@Suite(.timeLimit(.minutes(1))) struct ReplicaAPITests {
    private func elect(
        _ partitions: [Int32]?, type: Int8 = 0, _ client: RawClient
    ) async throws -> [Int32: ErrorCode] {
        var request = ElectLeadersRequest()
        request.electionType = type
        request.topicPartitions = partitions.map { partitions in
            var topic = ElectLeadersRequest.TopicPartitions()
            topic.topic = "t"
            topic.partitions = partitions
            return [topic]
        }
        let answer = try await client.ask(request, version: 2)
        #expect(answer.errorCode == .none)
        return Dictionary(
            uniqueKeysWithValues: answer.replicaElectionResults.flatMap(\.partitionResult)
                .map { ($0.partitionId, $0.errorCode) })
    }

    @Test func thePreferredReplicaBecomesTheLeaderAgain() async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 3)) { kafka, client in
            try await kafka.createTopic("t", partitions: 2, replicationFactor: 2)
            try await kafka.stopBroker(2)
            #expect(try await kafka.leader(of: "t", partition: 1) == 3)
            #expect(
                try await self.elect([0, 1, 7], client)
                    == [0: .electionNotNeeded, 1: .preferredLeaderNotAvailable, 7: .unknownTopicOrPartition])
            try await kafka.startBroker(2)
            #expect(try await kafka.leader(of: "t", partition: 1) == 3)
            #expect(try await self.elect(nil, client) == [1: .none])
            #expect(try await kafka.leader(of: "t", partition: 1) == 2)
            #expect(try await self.elect([0], type: 1, client) == [0: .electionNotNeeded])
        }
    }

    @Test func replicasAreMovedAtOnce() async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 3)) { kafka, client in
            try await kafka.createTopic("t", replicationFactor: 2)
            _ = try await client.ask(ProduceRequest.one(try batch(["a"]), to: "t"), version: 9)
            func move(_ replicas: [Int32]?, partition: Int32 = 0, mayChangeCount: Bool = true) async throws -> ErrorCode
            {
                var part = AlterPartitionReassignmentsRequest.ReassignablePartition()
                part.partitionIndex = partition
                part.replicas = replicas
                var topic = AlterPartitionReassignmentsRequest.ReassignableTopic()
                topic.name = "t"
                topic.partitions = [part]
                var request = AlterPartitionReassignmentsRequest()
                request.topics = [topic]
                request.allowReplicationFactorChange = mayChangeCount
                return try await client.ask(request, version: 1).responses[0].partitions[0].errorCode
            }
            #expect(try await move([3, 1]) == .none)
            #expect(try await kafka.leader(of: "t", partition: 0) == 1)
            #expect(try await move([2, 3, 2]) == .invalidReplicaAssignment)
            #expect(try await move([]) == .invalidReplicaAssignment)
            #expect(try await move([9]) == .invalidReplicaAssignment)
            #expect(try await move([2], partition: 5) == .unknownTopicOrPartition)
            #expect(try await move([2], mayChangeCount: false) == .invalidReplicationFactor)
            #expect(try await move(nil) == .noReassignmentInProgress)
            #expect(try await move([2, 3, 1]) == .none)
            #expect(try await move([3, 2]) == .none)
            #expect(try await kafka.leader(of: "t", partition: 0) == 3)
            let metadata = try await client.ask(MetadataRequest.named(["t"]), version: 12)
            #expect(metadata.topics[0].partitions[0].replicaNodes == [3, 2])
            #expect(metadata.topics[0].partitions[0].isrNodes == [3, 2])
            #expect(try await kafka.records(of: "t").map(\.value) == ["a"])
            let listed = try await client.ask(ListPartitionReassignmentsRequest(), version: 0)
            #expect(listed.errorCode == .none && listed.topics.isEmpty)
        }
    }

    @Test func aBrokerHasOneLogDirectoryWithItsReplicas() async throws {
        try await withCluster(EmbeddedKafka.Configuration(brokers: 2)) { kafka, client in
            try await kafka.createTopic("t", partitions: 2)
            let records = try batch(["a"])
            _ = try await client.ask(ProduceRequest.one(records, to: "t"), version: 9)
            var request = DescribeLogDirsRequest()
            request.topics = nil
            let directories = try await client.ask(request, version: 4).results
            #expect(directories.count == 1)
            let directory = try #require(directories.first)
            #expect(directory.topics.map(\.name) == ["t"])
            #expect(directory.topics[0].partitions.map(\.partitionIndex) == [0])
            #expect(directory.topics[0].partitions[0].partitionSize == Int64(records.count))
            #expect(directory.totalBytes == -1)

            func move(to path: String, partition: Int32) async throws -> ErrorCode {
                var topic = AlterReplicaLogDirsRequest.AlterReplicaLogDirTopic()
                topic.name = "t"
                topic.partitions = [partition]
                var target = AlterReplicaLogDirsRequest.AlterReplicaLogDir()
                target.path = path
                target.topics = [topic]
                var request = AlterReplicaLogDirsRequest()
                request.dirs = [target]
                return try await client.ask(request, version: 2).results[0].partitions[0].errorCode
            }
            #expect(try await move(to: "/elsewhere", partition: 0) == .logDirNotFound)
            #expect(try await move(to: directory.logDir, partition: 0) == .none)
            #expect(try await move(to: directory.logDir, partition: 1) == .replicaNotAvailable)
            #expect(try await move(to: directory.logDir, partition: 2) == .unknownTopicOrPartition)
        }
    }
}
