// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Moves replicas to other directories of their brokers (KIP-113).
struct AlterReplicaLogDirsCall: Call {
    typealias Request = AlterReplicaLogDirsRequest

    /// The path of each replica's new directory.
    var paths: [TopicPartitionReplica: String]

    var doing: String { "moving a replica to another directory" }

    func destination(of replica: TopicPartitionReplica) -> Destination { .broker(replica.broker) }

    func request(
        for replicas: [TopicPartitionReplica], to recipient: Recipient
    ) throws(KafkaError) -> AlterReplicaLogDirsRequest {
        var request = AlterReplicaLogDirsRequest()
        let byPath = Dictionary(grouping: replicas) { self.paths[$0] ?? "" }
        request.dirs = byPath.sorted { $0.key < $1.key }.map { path, replicas in
            var dir = AlterReplicaLogDirsRequest.AlterReplicaLogDir()
            dir.path = path
            dir.topics = replicas.map(\.partition).byTopic.map { name, partitions in
                var topic = AlterReplicaLogDirsRequest.AlterReplicaLogDirTopic()
                topic.name = name
                topic.partitions = partitions.map(\.partition)
                return topic
            }
            return dir
        }
        return request
    }

    func outcomes(
        of response: AlterReplicaLogDirsResponse, to replicas: [TopicPartitionReplica], from recipient: Recipient
    ) -> [TopicPartitionReplica: CallOutcome<Void>] {
        guard let broker = replicas.first?.broker else { return [:] }
        var outcomes: [TopicPartitionReplica: CallOutcome<Void>] = [:]
        for topic in response.results {
            for answer in topic.partitions {
                let replica = TopicPartitionReplica(
                    TopicPartition(topic.topicName, answer.partitionIndex), broker: broker)
                outcomes[replica] =
                    answer.errorCode == .none ? .done(()) : self.refused(answer.errorCode, replica, by: recipient)
            }
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about replica: TopicPartitionReplica) { error.note(replica.partition) }
}
