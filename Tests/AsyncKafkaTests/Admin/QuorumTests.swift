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

/// The calls about the metadata quorum and the registration of brokers, on scripted brokers.
@Suite(.timeLimit(.minutes(1))) struct QuorumTests {
    private static func replica(_ id: Int32, end: Int64) -> DescribeQuorumResponse.ReplicaState {
        var state = DescribeQuorumResponse.ReplicaState()
        state.replicaId = id
        state.replicaDirectoryId = id == 3 ? .zero : KafkaUUID(high: 0, low: UInt64(id))
        state.logEndOffset = end
        state.lastFetchTimestamp = id == 3 ? -1 : 5000
        state.lastCaughtUpTimestamp = 4000
        return state
    }

    private static func quorum(error: ErrorCode = .none) -> DescribeQuorumResponse {
        var partition = DescribeQuorumResponse.PartitionData()
        partition.errorCode = error
        partition.leaderId = 2
        partition.leaderEpoch = 7
        partition.highWatermark = 90
        partition.currentVoters = [Self.replica(2, end: 100), Self.replica(1, end: 95)]
        partition.observers = [Self.replica(3, end: -1)]
        var topic = DescribeQuorumResponse.TopicData()
        topic.topicName = "__cluster_metadata"
        topic.partitions = [partition]
        var listener = DescribeQuorumResponse.Listener()
        listener.name = "CONTROLLER"
        listener.host = "::1"
        listener.port = 9093
        var node = DescribeQuorumResponse.Node()
        node.nodeId = 1
        node.listeners = [listener]
        var response = DescribeQuorumResponse()
        response.topics = [topic]
        response.nodes = [node]
        return response
    }

    @Test func theQuorumIsDescribedWithTheLagOfEachNode() async throws {
        try await AnsweringBrokers.withAdmin(
            .to(DescribeQuorumRequest.self) { request, _ in
                request.topics.map(\.topicName) == ["__cluster_metadata"] ? Self.quorum() : DescribeQuorumResponse()
            }
        ) { _, admin in
            let quorum = try await admin.describeMetadataQuorum()
            #expect(
                "\(quorum)" == """
                    metadata quorum: leader 2, epoch 7, high watermark 90
                      voter 1, lag 5, CONTROLLER://[::1]:9093
                      voter 2, lag 0
                      observer 3, unknown lag
                    """)
            #expect(quorum.voters[0].directoryID == KafkaUUID(high: 0, low: 1))
            #expect(quorum.voters[0].lastFetchTime == Timestamp(millisecondsSince1970: 5000))
            #expect(quorum.observers[0].directoryID == nil && quorum.observers[0].lastFetchTime == nil)
        }
    }

    @Test func anErrorOfThePartitionIsTheCallsError() async throws {
        try await AnsweringBrokers.withAdmin(
            .to(DescribeQuorumRequest.self) { _, _ in Self.quorum(error: .clusterAuthorizationFailed) }
        ) { _, admin in
            let error = await #expect(throws: KafkaError.self) { try await admin.describeMetadataQuorum() }
            #expect(error?.code == .authorizationFailed)
        }
    }

    /// After an unknown outcome a repeated request would be refused, and the caller couldn't tell why.
    @Test func changesOfTheQuorumAreSentOnce() async throws {
        let added = Lock<AddRaftVoterRequest?>(nil)
        try await AnsweringBrokers.withAdmin(
            .to(AddRaftVoterRequest.self) { request, _ in
                added.withLock { $0 = request }
                var response = AddRaftVoterResponse()
                response.errorCode = .requestTimedOut
                return response
            },
            .to(RemoveRaftVoterRequest.self) { request, _ in
                var response = RemoveRaftVoterResponse()
                response.errorCode = request.voterId == 4 ? .voterNotFound : .requestTimedOut
                response.errorMessage =
                    "no voter \(request.voterId) \(request.voterDirectoryId) in \(request.clusterId ?? "")"
                return response
            },
            .to(UnregisterBrokerRequest.self) { request, _ in
                var response = UnregisterBrokerResponse()
                response.errorCode = request.brokerId == 9 ? .none : .requestTimedOut
                return response
            }
        ) { cluster, admin in
            let id = KafkaUUID(high: 1, low: 2)
            let endpoint = RaftVoterEndpoint(listener: "CONTROLLER", host: "controller-4", port: 9093)
            let adding = await #expect(throws: KafkaError.self) {
                try await admin.addRaftVoter(4, directoryID: id, endpoints: [endpoint], clusterID: "c")
            }
            #expect(adding?.isOutcomeUnknown == true)
            #expect(cluster.asked(AddRaftVoterRequest.self).count == 1)
            let request = try #require(added.withLock { $0 })
            #expect(request.voterId == 4 && request.voterDirectoryId == id && request.clusterId == "c")
            #expect(request.listeners.map { "\($0.name)://\($0.host):\($0.port)" } == [endpoint.description])

            let missing = await #expect(throws: KafkaError.self) {
                try await admin.removeRaftVoter(4, directoryID: id, clusterID: "c")
            }
            #expect(missing?.brokerCode == .voterNotFound)
            #expect(missing?.message.contains("no voter 4 \(id) in c") == true)
            let removing = await #expect(throws: KafkaError.self) {
                try await admin.removeRaftVoter(5, directoryID: id)
            }
            #expect(removing?.isOutcomeUnknown == true)
            #expect(cluster.asked(RemoveRaftVoterRequest.self).count == 2)

            try await admin.unregisterBroker(9)
            let unregistering = await #expect(throws: KafkaError.self) { try await admin.unregisterBroker(8) }
            #expect(unregistering?.isOutcomeUnknown == true)
            #expect(cluster.asked(UnregisterBrokerRequest.self).count == 2)
        }
    }

    /// So a broker answers while the quorum elects its leader.
    @Test func aQuorumThatElectsItsLeaderIsAskedAgain() async throws {
        let isElecting = Lock(true)
        try await AnsweringBrokers.withAdmin(
            .to(DescribeQuorumRequest.self) { _, _ in
                let isFirst = isElecting.withLock { isElecting in
                    defer { isElecting = false }
                    return isElecting
                }
                return Self.quorum(error: isFirst ? .notLeaderOrFollower : .none)
            }
        ) { cluster, admin in
            _ = try await admin.describeMetadataQuorum()
            #expect(cluster.asked(DescribeQuorumRequest.self).count == 2)
        }
    }
}
