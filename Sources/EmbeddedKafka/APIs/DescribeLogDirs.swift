// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Describes a broker's one log directory, which is in memory.
enum DescribeLogDirsEndpoint: Endpoint {
    static let name = "DescribeLogDirs"

    static func access(_ request: DescribeLogDirsRequest) -> Access { .needs(.describe, .cluster) }

    static func handle(_ request: DescribeLogDirsRequest, _ call: Call) {
        var directory = DescribeLogDirsResponse.DescribeLogDirsResult()
        directory.logDir = EmbeddedBroker.logDirectory
        // -1 means unknown: memory has no volume.
        directory.totalBytes = -1
        directory.usableBytes = -1
        for topic in call.cluster.topics.values.sorted(by: { $0.name < $1.name }) {
            let wanted = request.topics?.filter { $0.topic == topic.name }.flatMap(\.partitions)
            let partitions = topic.partitions.filter { partition in
                partition.replicas.contains(call.broker.id) && wanted?.contains(partition.index) ?? true
            }
            guard !partitions.isEmpty else { continue }
            var described = DescribeLogDirsResponse.DescribeLogDirsTopic()
            described.name = topic.name
            described.partitions = partitions.map { partition in
                var part = DescribeLogDirsResponse.DescribeLogDirsPartition()
                part.partitionIndex = partition.index
                part.partitionSize = Int64(partition.log.byteCount)
                return part
            }
            directory.topics.append(described)
        }
        var response = DescribeLogDirsResponse()
        response.results = [directory]
        call.answer(response)
    }

    static func fail(_ request: DescribeLogDirsRequest, _ error: ErrorCode, _ call: Call) {
        var response = DescribeLogDirsResponse()
        // Before version 3 the response has no error of its own.
        if call.version >= 3 { response.errorCode = error }
        call.answer(response)
    }
}
