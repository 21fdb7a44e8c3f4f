// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import Testing

@testable import AsyncKafka

/// The calls about log directories, on scripted brokers.
@Suite(.timeLimit(.minutes(1))) struct LogDirsTests {
    private static func dir(_ path: String, broker: Int32) -> DescribeLogDirsResponse.DescribeLogDirsResult {
        var dir = DescribeLogDirsResponse.DescribeLogDirsResult()
        dir.logDir = path
        dir.totalBytes = 1000
        dir.usableBytes = 400
        dir.topics = ["b", "a"].map { name in
            var topic = DescribeLogDirsResponse.DescribeLogDirsTopic()
            topic.name = name
            var partition = DescribeLogDirsResponse.DescribeLogDirsPartition()
            partition.partitionIndex = broker
            partition.partitionSize = 100
            partition.offsetLag = 7
            partition.isFutureKey = name == "b"
            topic.partitions = [partition]
            return topic
        }
        return dir
    }

    @Test func theDirectoriesOfEachBrokerAreDescribed() async throws {
        try await AnsweringBrokers.withAdmin(
            brokers: 3,
            .to(DescribeLogDirsRequest.self) { request, broker in
                var response = DescribeLogDirsResponse()
                guard broker < 3, request.topics == nil else {
                    response.errorCode = .clusterAuthorizationFailed
                    return response
                }
                response.results = [Self.dir("/data", broker: broker)]
                var failed = DescribeLogDirsResponse.DescribeLogDirsResult()
                failed.logDir = "/broken"
                failed.errorCode = .kafkaStorageError
                if broker == 2 { response.results.append(failed) }
                return response
            }
        ) { cluster, admin in
            let results = await admin.describeLogDirs(ofBrokers: [1, 2, 3])
            let first = try #require(try results[1]?.get())
            #expect(
                first.map(\.description) == [
                    """
                    /data: 2 replicas, 200 bytes, 400 of 1000 bytes free
                      a-1: 100 bytes, lag 7
                      b-1: 100 bytes, lag 7, being moved here
                    """
                ])
            let second = try #require(try results[2]?.get())
            #expect(second.map(\.path) == ["/data", "/broken"])
            #expect(second[0].error == nil && second[1].error?.brokerCode == .kafkaStorageError)
            #expect(second[1].totalBytes == nil)
            #expect(second[1].description.contains("unusable: KAFKA_STORAGE_ERROR"))
            let error = #expect(throws: KafkaError.self) { try results[3]?.get() }
            #expect(error?.code == .authorizationFailed)
            #expect(cluster.asked(DescribeLogDirsRequest.self).sorted() == [1, 2, 3])
        }
    }

    @Test func anOldBrokerRefusesByAnEmptyAnswer() async throws {
        try await AnsweringBrokers.withAdmin(
            .to(DescribeLogDirsRequest.self, versions: 1...2) { _, _ in DescribeLogDirsResponse() }
        ) { _, admin in
            let results = await admin.describeLogDirs(ofBrokers: [1])
            let error = #expect(throws: KafkaError.self) { try results[1]?.get() }
            #expect(error?.code == .authorizationFailed)
        }
    }

    @Test func replicasAreMovedByTheirBrokers() async throws {
        try await AnsweringBrokers.withAdmin(
            brokers: 2,
            .to(AlterReplicaLogDirsRequest.self) { request, broker in
                var response = AlterReplicaLogDirsResponse()
                for dir in request.dirs {
                    for topic in dir.topics {
                        var result = AlterReplicaLogDirsResponse.AlterReplicaLogDirTopicResult()
                        result.topicName = topic.name
                        result.partitions = topic.partitions.map { partition in
                            var answer = AlterReplicaLogDirsResponse.AlterReplicaLogDirPartitionResult()
                            answer.partitionIndex = partition
                            let isRight = dir.path == "/\(broker)-\(partition)"
                            answer.errorCode = partition == 2 ? .replicaNotAvailable : isRight ? .none : .logDirNotFound
                            return answer
                        }
                        response.results.append(result)
                    }
                }
                return response
            }
        ) { cluster, admin in
            let moved = TopicPartitionReplica(TopicPartition("t", 0), broker: 1)
            let other = TopicPartitionReplica(TopicPartition("t", 1), broker: 1)
            let sameOnSecond = TopicPartitionReplica(TopicPartition("t", 0), broker: 2)
            let absent = TopicPartitionReplica(TopicPartition("t", 2), broker: 2)
            let results = await admin.alterReplicaLogDirs([
                moved: "/1-0", other: "/nowhere", sameOnSecond: "/2-0", absent: "/2-2",
            ])
            #expect(throws: Never.self) { try results[moved]?.get() }
            #expect(throws: Never.self) { try results[sameOnSecond]?.get() }
            let unknown = #expect(throws: KafkaError.self) { try results[other]?.get() }
            #expect(unknown?.brokerCode == .logDirNotFound && unknown?.partition == 1)
            let error = #expect(throws: KafkaError.self) { try results[absent]?.get() }
            #expect(error?.brokerCode == .replicaNotAvailable)
            #expect(cluster.asked(AlterReplicaLogDirsRequest.self).sorted() == [1, 2])
        }
    }
}
