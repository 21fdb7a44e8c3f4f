// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum ElectLeadersEndpoint: Endpoint {
    static let name = "ElectLeaders"

    private static let preferred: Int8 = 0
    private static let unclean: Int8 = 1

    static func access(_ request: ElectLeadersRequest) -> Access { .needs(.alter, .cluster) }

    static func handle(_ request: ElectLeadersRequest, _ call: Call) {
        let isForAll = request.topicPartitions == nil
        self.answer(self.wanted(request, call), isForAll: isForAll, call) { topic, index throws(BrokerError) in
            guard let partition = call.cluster.topic(topic)?.partition(index) else {
                throw BrokerError(.unknownTopicOrPartition, "There is no partition \(topic)-\(index).")
            }
            switch request.electionType {
            case self.preferred:
                guard let preferred = partition.replicas.first, partition.leader != preferred else {
                    throw BrokerError(.electionNotNeeded, "The preferred leader of \(topic)-\(index) leads it already.")
                }
                guard call.cluster.isRunning(preferred) else {
                    throw BrokerError(
                        .preferredLeaderNotAvailable, "Broker \(preferred), the preferred leader, is stopped.")
                }
                call.cluster.lead(partition, by: preferred)
            case self.unclean:
                guard partition.leader == nil else {
                    throw BrokerError(.electionNotNeeded, "\(topic)-\(index) has a leader.")
                }
                // A running replica would lead already, because all replicas share one log.
                throw BrokerError(.eligibleLeadersNotAvailable, "No replica of \(topic)-\(index) is running.")
            default:
                throw BrokerError(.invalidRequest, "There are no elections of type \(request.electionType).")
            }
        }
    }

    /// Returns the requested partitions, which are all for nil.
    private static func wanted(_ request: ElectLeadersRequest, _ call: Call) -> [(topic: String, partitions: [Int32])] {
        guard let named = request.topicPartitions else {
            return call.cluster.topics.values.map { ($0.name, $0.partitions.map(\.index)) }.sorted { $0.0 < $1.0 }
        }
        return named.map { ($0.topic, $0.partitions) }
    }

    private static func answer(
        _ wanted: [(topic: String, partitions: [Int32])], isForAll: Bool, _ call: Call,
        _ elect: (String, Int32) throws(BrokerError) -> Void
    ) {
        var response = ElectLeadersResponse()
        for (topic, partitions) in wanted {
            var result = ElectLeadersResponse.ReplicaElectionResult()
            result.topic = topic
            for index in partitions {
                var part = ElectLeadersResponse.PartitionResult()
                part.partitionId = index
                part.errorMessage = nil
                do throws(BrokerError) {
                    try elect(topic, index)
                } catch {
                    // As in Kafka, an election for all partitions names only those that needed one.
                    if isForAll, error.code == .electionNotNeeded { continue }
                    part.errorCode = error.code
                    part.errorMessage = error.message
                }
                result.partitionResult.append(part)
            }
            if !result.partitionResult.isEmpty { response.replicaElectionResults.append(result) }
        }
        call.answer(response)
    }

    static func fail(_ request: ElectLeadersRequest, _ error: ErrorCode, _ call: Call) {
        if call.version >= 1 {
            var response = ElectLeadersResponse()
            response.errorCode = error
            call.answer(response)
        } else {
            self.answer(self.wanted(request, call), isForAll: false, call) { _, _ throws(BrokerError) in
                throw BrokerError(error)
            }
        }
    }
}
