// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Refuses to move replicas, because a broker has only one log directory.
enum AlterReplicaLogDirsEndpoint: Endpoint {
    static let name = "AlterReplicaLogDirs"

    static func access(_ request: AlterReplicaLogDirsRequest) -> Access { .needs(.alter, .cluster) }

    static func handle(_ request: AlterReplicaLogDirsRequest, _ call: Call) {
        self.answer(request, call) { path, topic, index in
            guard path == EmbeddedBroker.logDirectory else { return .logDirNotFound }
            guard let partition = call.cluster.topic(topic)?.partition(index) else { return .unknownTopicOrPartition }
            // It is there already.
            return partition.replicas.contains(call.broker.id) ? .none : .replicaNotAvailable
        }
    }

    private static func answer(
        _ request: AlterReplicaLogDirsRequest, _ call: Call, _ move: (String, String, Int32) -> ErrorCode
    ) {
        var response = AlterReplicaLogDirsResponse()
        for directory in request.dirs {
            for topic in directory.topics {
                var result = AlterReplicaLogDirsResponse.AlterReplicaLogDirTopicResult()
                result.topicName = topic.name
                result.partitions = topic.partitions.map { index in
                    var part = AlterReplicaLogDirsResponse.AlterReplicaLogDirPartitionResult()
                    part.partitionIndex = index
                    part.errorCode = move(directory.path, topic.name, index)
                    return part
                }
                response.results.append(result)
            }
        }
        call.answer(response)
    }

    static func fail(_ request: AlterReplicaLogDirsRequest, _ error: ErrorCode, _ call: Call) {
        self.answer(request, call) { _, _, _ in error }
    }
}
