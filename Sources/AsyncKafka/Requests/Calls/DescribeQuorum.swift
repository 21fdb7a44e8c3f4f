// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Describes the quorum of controllers (KIP-836).
struct DescribeQuorumCall: Call {
    typealias Request = DescribeQuorumRequest

    private static let topic = "__cluster_metadata"

    var doing: String { "describing the metadata quorum" }

    func destination(of item: OnlyItem) -> Destination { .anyBroker }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> DescribeQuorumRequest {
        var request = DescribeQuorumRequest()
        var topic = DescribeQuorumRequest.TopicData()
        topic.topicName = Self.topic
        topic.partitions = [DescribeQuorumRequest.PartitionData()]
        request.topics = [topic]
        return request
    }

    func outcomes(
        of response: DescribeQuorumResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<QuorumDescription>] {
        guard response.errorCode == .none else {
            return [
                OnlyItem(): self.refused(
                    response.errorCode, OnlyItem(), by: recipient, message: response.errorMessage)
            ]
        }
        guard let partition = response.topics.first(where: { $0.topicName == Self.topic })?.partitions.first else {
            return [:]
        }
        guard partition.errorCode == .none else {
            return [
                OnlyItem(): self.refused(
                    partition.errorCode, OnlyItem(), by: recipient, message: partition.errorMessage)
            ]
        }
        let nodes = response.nodes.map { node in
            QuorumDescription.Node(
                id: node.nodeId,
                endpoints: node.listeners.map { RaftVoterEndpoint(listener: $0.name, host: $0.host, port: $0.port) })
        }
        return [
            OnlyItem(): .done(
                QuorumDescription(
                    leader: partition.leaderId >= 0 ? partition.leaderId : nil, leaderEpoch: partition.leaderEpoch,
                    highWatermark: partition.highWatermark >= 0 ? partition.highWatermark : nil,
                    voters: partition.currentVoters.map(\.description).sorted { $0.id < $1.id },
                    observers: partition.observers.map(\.description).sorted { $0.id < $1.id },
                    nodes: nodes.sorted { $0.id < $1.id }))
        ]
    }
}

extension DescribeQuorumResponse.ReplicaState {
    fileprivate var description: QuorumDescription.Replica {
        func time(_ milliseconds: Int64) -> Timestamp? {
            milliseconds >= 0 ? Timestamp(millisecondsSince1970: milliseconds) : nil
        }
        return QuorumDescription.Replica(
            id: self.replicaId, directoryID: self.replicaDirectoryId == .zero ? nil : self.replicaDirectoryId,
            logEndOffset: self.logEndOffset >= 0 ? self.logEndOffset : nil,
            lastFetchTime: time(self.lastFetchTimestamp), lastCaughtUpTime: time(self.lastCaughtUpTimestamp))
    }
}
