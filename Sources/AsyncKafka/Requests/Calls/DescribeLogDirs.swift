// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Describes the log directories of brokers (KIP-113). An item is a broker's id.
struct DescribeLogDirsCall: Call {
    typealias Request = DescribeLogDirsRequest

    var doing: String { "describing log directories" }

    func destination(of broker: Int32) -> Destination { .broker(broker) }

    func request(for brokers: [Int32], to recipient: Recipient) throws(KafkaError) -> DescribeLogDirsRequest {
        var request = DescribeLogDirsRequest()
        request.topics = nil
        return request
    }

    func outcomes(
        of response: DescribeLogDirsResponse, to brokers: [Int32], from recipient: Recipient
    ) -> [Int32: CallOutcome<[LogDirDescription]>] {
        var code = response.errorCode
        // Before version 3 there is no error code, and only a client without the right gets no directory at all.
        if recipient.version < 3, response.results.isEmpty { code = .clusterAuthorizationFailed }
        return Dictionary(
            brokers.map { broker in
                (
                    broker,
                    code == .none
                        ? .done(response.results.map { self.description(of: $0, at: recipient) })
                        : self.refused(code, broker, by: recipient)
                )
            }
        ) { first, _ in first }
    }

    private func description(
        of answer: DescribeLogDirsResponse.DescribeLogDirsResult, at recipient: Recipient
    ) -> LogDirDescription {
        let replicas = answer.topics.flatMap { topic in
            topic.partitions.map { partition in
                LogDirDescription.Replica(
                    partition: TopicPartition(topic.name, partition.partitionIndex), size: partition.partitionSize,
                    offsetLag: partition.offsetLag, isFuture: partition.isFutureKey)
            }
        }
        return LogDirDescription(
            path: answer.logDir, replicas: replicas.sorted { $0.partition < $1.partition },
            totalBytes: answer.totalBytes >= 0 ? answer.totalBytes : nil,
            usableBytes: answer.usableBytes >= 0 ? answer.usableBytes : nil, isCordoned: answer.isCordoned,
            error: answer.errorCode == .none
                ? nil : KafkaError(answer.errorCode, doing: self.doing, broker: recipient.broker))
    }
}
