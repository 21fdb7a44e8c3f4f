// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension RecordAccumulator.Answer {
    /// The batch was not sent and won't be.
    static func refused(_ error: KafkaError?) -> Self {
        Self(verdict: .refused, error: error)
    }

    /// The request was not written.
    static func notSent(_ error: KafkaError) -> Self {
        Self(verdict: error.isRetriable ? .refusedForNow : .refused, error: error, meansStaleMetadata: true)
    }

    /// The request was written, but there is no answer.
    static func noAnswer(_ error: KafkaError) -> Self {
        Self(verdict: .uncertain, error: error, meansStaleMetadata: true)
    }
}

/// A Produce response, arranged by the batches of its request.
struct ProduceAnswers {
    private struct Key: Hashable {
        let topic: String
        let partition: Int32
    }

    /// The current leaders that the broker returned with its refusals (KIP-951).
    private(set) var leaders: [(partition: TopicPartition, leader: Int32, leaderEpoch: Int32)] = []
    let endpoints: [Broker]
    private var partitions: [Key: ProduceResponse.PartitionProduceResponse] = [:]
    private let broker: Broker

    /// The valid offsets of a batch's first record, which leave room for the offsets of the other records.
    private static let offsets = 0...(Int64.max - Int64(Int32.max))

    init(_ response: ProduceResponse, to drained: RecordAccumulator.Drained, from broker: Broker) {
        self.broker = broker
        self.endpoints = response.nodeEndpoints.map {
            Broker(id: $0.nodeId, host: $0.host, port: Int($0.port), rack: $0.rack)
        }
        var names: [KafkaUUID: String] = [:]
        for transmission in drained.transmissions where transmission.topicID != .zero {
            names[transmission.topicID] = transmission.batch.topicPartition.topic
        }
        for topic in response.responses {
            guard let name = topic.name.isEmpty ? names[topic.topicId] : topic.name else { continue }
            for partition in topic.partitionResponses {
                self.partitions[Key(topic: name, partition: partition.index)] = partition
                if partition.errorCode != .none, partition.currentLeader.leaderId >= 0 {
                    self.leaders.append(
                        (
                            partition: TopicPartition(name, partition.index),
                            leader: partition.currentLeader.leaderId, leaderEpoch: partition.currentLeader.leaderEpoch
                        ))
                }
            }
        }
    }

    func answer(to transmission: RecordAccumulator.Transmission) -> RecordAccumulator.Answer {
        let place = transmission.batch.topicPartition
        guard let partition = self.partitions[Key(topic: place.topic, partition: place.partition)] else {
            return .noAnswer(
                KafkaError(
                    .protocolError, "The broker's answer to Produce leaves out a partition.",
                    broker: self.broker.description, topic: place.topic, partition: place.partition, isRetriable: true))
        }
        let code = partition.errorCode
        guard code != .none, code != .duplicateSequenceNumber else {
            return RecordAccumulator.Answer(
                verdict: ProduceAnswer(code),
                baseOffset: code == .none && Self.offsets.contains(partition.baseOffset) ? partition.baseOffset : nil,
                logAppendTime: partition.logAppendTimeMs >= 0 ? partition.logAppendTimeMs : nil)
        }
        var recordErrors: [Int32: KafkaError] = [:]
        for record in partition.recordErrors {
            recordErrors[record.batchIndex] = self.error(
                code, place, record.batchIndexErrorMessage ?? partition.errorMessage)
        }
        return RecordAccumulator.Answer(
            verdict: ProduceAnswer(code), error: self.error(code, place, partition.errorMessage),
            recordErrors: recordErrors, meansStaleMetadata: ProduceAnswer.meansStaleMetadata(code))
    }

    private func error(_ code: ErrorCode, _ place: TopicPartition, _ message: String?) -> KafkaError {
        KafkaError(
            code, doing: "storing records", broker: self.broker, topic: place.topic, partition: place.partition,
            brokerMessage: message)
    }
}
