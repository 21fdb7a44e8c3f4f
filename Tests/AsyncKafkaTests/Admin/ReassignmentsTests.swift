// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Testing

@testable import AsyncKafka

/// The calls about reassignments and elections, on scripted brokers.
@Suite(.timeLimit(.minutes(1))) struct ReassignmentsTests {
    private let first = TopicPartition("t", 0)
    private let second = TopicPartition("t", 1)

    private static func answer(
        _ request: AlterPartitionReassignmentsRequest, _ code: (Int32, [Int32]?) -> ErrorCode
    ) -> AlterPartitionReassignmentsResponse {
        var response = AlterPartitionReassignmentsResponse()
        response.responses = request.topics.map { topic in
            var answer = AlterPartitionReassignmentsResponse.ReassignableTopicResponse()
            answer.name = topic.name
            answer.partitions = topic.partitions.map { partition in
                var result = AlterPartitionReassignmentsResponse.ReassignablePartitionResponse()
                result.partitionIndex = partition.partitionIndex
                result.errorCode = code(partition.partitionIndex, partition.replicas)
                return result
            }
            return answer
        }
        return response
    }

    @Test func reassignmentsAreBegunAndCancelledEachWithItsResult() async throws {
        try await AnsweringBrokers.withAdmin(
            brokers: 2,
            .to(AlterPartitionReassignmentsRequest.self) { request, _ in
                Self.answer(request) { partition, replicas in
                    switch replicas {
                    case nil: .noReassignmentInProgress
                    case [2, 1]? where partition == 0: .none
                    default: .invalidReplicaAssignment
                    }
                }
            }
        ) { cluster, admin in
            let results = await admin.alterPartitionReassignments([
                self.first: .replicas([2, 1]), self.second: .cancel,
            ])
            #expect(throws: Never.self) { try results[self.first]?.get() }
            let error = #expect(throws: KafkaError.self) { try results[self.second]?.get() }
            #expect(error?.brokerCode == .noReassignmentInProgress)
            #expect(error?.topic == "t" && error?.partition == 1)
            #expect(cluster.asked(AlterPartitionReassignmentsRequest.self) == [1], "the controller")
        }
    }

    @Test(arguments: [Int16(0), 1])
    func aChangeOfTheReplicationFactorCanBeForbidden(version: Int16) async throws {
        let allowed = Lock<[Bool]>([])
        try await AnsweringBrokers.withAdmin(
            .to(AlterPartitionReassignmentsRequest.self, versions: 0...version) { request, _ in
                allowed.withLock { $0.append(request.allowReplicationFactorChange) }
                return Self.answer(request) { _, _ in .none }
            }
        ) { _, admin in
            try await admin.alterPartitionReassignments([self.first: .replicas([1])]).allSucceeded()
            let results = await admin.alterPartitionReassignments(
                [self.first: .replicas([1])], allowReplicationFactorChange: false)
            guard version == 0 else {
                #expect(throws: Never.self) { try results[self.first]?.get() }
                #expect(allowed.withLock { $0 } == [true, false])
                return
            }
            let error = #expect(throws: KafkaError.self) { try results[self.first]?.get() }
            #expect(error?.code == .unsupportedVersion)
            #expect(error?.message.contains("Kafka 4.1") == true)
        }
    }

    @Test func reassignmentsInProgressAreListed() async throws {
        try await AnsweringBrokers.withAdmin(
            .to(ListPartitionReassignmentsRequest.self) { request, _ in
                var partition = ListPartitionReassignmentsResponse.OngoingPartitionReassignment()
                partition.partitionIndex = 1
                partition.replicas = [1, 2, 3]
                partition.addingReplicas = [3]
                partition.removingReplicas = [1]
                var topic = ListPartitionReassignmentsResponse.OngoingTopicReassignment()
                topic.name = "t"
                topic.partitions = [partition]
                var response = ListPartitionReassignmentsResponse()
                let wanted = request.topics.map { $0.flatMap { topic in topic.partitionIndexes } }
                if wanted == nil || wanted == [0, 1] { response.topics = [topic] }
                return response
            }
        ) { _, admin in
            let all = try await admin.listPartitionReassignments()
            #expect(all.keys.map { $0 } == [self.second])
            #expect(all[self.second]?.targetReplicas == [2, 3])
            #expect(all[self.second].map { "\($0)" } == "replicas [1, 2, 3], adding [3], removing [1]")
            let some = try await admin.listPartitionReassignments(of: [self.first, self.second])
            #expect(some == all)
            let none = try await admin.listPartitionReassignments(of: [self.first])
            #expect(none.isEmpty)
        }
    }

    // MARK: Elections

    private static func elect(_ request: ElectLeadersRequest) -> ElectLeadersResponse {
        var response = ElectLeadersResponse()
        response.replicaElectionResults = (request.topicPartitions ?? []).map { topic in
            var answer = ElectLeadersResponse.ReplicaElectionResult()
            answer.topic = topic.topic
            answer.partitionResult = topic.partitions.map { partition in
                var result = ElectLeadersResponse.PartitionResult()
                result.partitionId = partition
                result.errorCode =
                    switch partition {
                    case 0: request.electionType == 0 ? .none : .electionNotNeeded
                    case 1: .preferredLeaderNotAvailable
                    default: .unknownTopicOrPartition
                    }
                return result
            }
            return answer
        }
        return response
    }

    @Test func leadersAreElectedEachPartitionWithItsResult() async throws {
        try await AnsweringBrokers.withAdmin(
            .to(ElectLeadersRequest.self) { request, _ in Self.elect(request) }
        ) { cluster, admin in
            let third = TopicPartition("t", 2)
            let results = await admin.electLeaders(.preferred, of: [self.first, self.second, third])
            let elected = try results[self.first]?.get()
            #expect(elected == .elected)
            // It may take as long as a broker is down, so the user decides when to try again.
            let error = #expect(throws: KafkaError.self) { try results[self.second]?.get() }
            #expect(error?.brokerCode == .preferredLeaderNotAvailable && error?.partition == 1)
            let unknown = #expect(throws: KafkaError.self) { try results[third]?.get() }
            #expect(unknown?.code == .unknownTopicOrPartition)
            #expect(cluster.asked(ElectLeadersRequest.self).count == 1)
            let unclean = await admin.electLeaders(.unclean, of: [self.first])
            let needless = try unclean[self.first]?.get()
            #expect(needless == .notNeeded)
        }
    }

    @Test func anOldBrokerHasNoUncleanElections() async throws {
        try await AnsweringBrokers.withAdmin(
            .to(ElectLeadersRequest.self, versions: 0...0) { request, _ in Self.elect(request) }
        ) { _, admin in
            let results = await admin.electLeaders(.unclean, of: [self.first])
            let error = #expect(throws: KafkaError.self) { try results[self.first]?.get() }
            #expect(error?.code == .unsupportedVersion)
            #expect(error?.message.contains("Kafka 2.4") == true)
            let preferred = await admin.electLeaders(.preferred, of: [self.first])
            let elected = try preferred[self.first]?.get()
            #expect(elected == .elected)
        }
    }
}
