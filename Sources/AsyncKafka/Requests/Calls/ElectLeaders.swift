// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Elects leaders of partitions (KIP-183, KIP-460).
struct ElectLeadersCall: Call {
    typealias Request = ElectLeadersRequest

    var election: LeaderElection
    /// The time that the controller may take.
    var timeout: Duration

    var doing: String { "electing a leader" }

    func destination(of partition: TopicPartition) -> Destination { .controller }

    func request(for partitions: [TopicPartition], to recipient: Recipient) throws(KafkaError) -> ElectLeadersRequest {
        guard self.election == .preferred || recipient.version >= 1 else {
            throw KafkaError(
                .unsupportedVersion, "The broker has no unclean elections on request, which came with Kafka 2.4.",
                broker: recipient.broker.description)
        }
        var request = ElectLeadersRequest()
        request.electionType = self.election.rawValue
        request.timeoutMs = self.timeout.wholeMilliseconds
        request.topicPartitions = partitions.byTopic.map { name, own in
            var topic = ElectLeadersRequest.TopicPartitions()
            topic.topic = name
            topic.partitions = own.map(\.partition)
            return topic
        }
        return request
    }

    func outcomes(
        of response: ElectLeadersResponse, to partitions: [TopicPartition], from recipient: Recipient
    ) -> [TopicPartition: CallOutcome<LeaderElection.Outcome>] {
        guard response.errorCode == .none else {
            let refusals = partitions.map { ($0, self.refused(response.errorCode, $0, by: recipient)) }
            return Dictionary(refusals) { first, _ in first }
        }
        var outcomes: [TopicPartition: CallOutcome<LeaderElection.Outcome>] = [:]
        for topic in response.replicaElectionResults {
            for answer in topic.partitionResult {
                let partition = TopicPartition(topic.topic, answer.partitionId)
                outcomes[partition] =
                    switch answer.errorCode {
                    case .none: .done(.elected)
                    case .electionNotNeeded: .done(.notNeeded)
                    // Another attempt would help only after replicas have come back.
                    case .preferredLeaderNotAvailable, .eligibleLeadersNotAvailable:
                        .failed(
                            KafkaError(
                                answer.errorCode, doing: self.doing, broker: recipient.broker,
                                topic: partition.topic, partition: partition.partition,
                                brokerMessage: answer.errorMessage))
                    default: self.refused(answer.errorCode, partition, by: recipient, message: answer.errorMessage)
                    }
            }
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about partition: TopicPartition) { error.note(partition) }
}
