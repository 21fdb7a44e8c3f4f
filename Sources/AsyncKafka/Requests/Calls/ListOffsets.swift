// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// An offset returned by ListOffsets.
struct ListedOffset: Hashable, Sendable {
    var offset: Int64
    var timestamp: Int64
    var epoch: Int32?
}

/// Looks up offsets in partitions: the earliest, the latest, or that of the first record with at least a given
/// timestamp. The value is nil if no record matches.
struct ListOffsetsCall: Call {
    typealias Request = ListOffsetsRequest

    var targets: [TopicPartition: OffsetTarget]
    var isolationLevel: IsolationLevel
    /// The current time in milliseconds since 1970, from which an age is subtracted.
    var now: Int64

    // Version 10 adds a timeout for tiered storage (KIP-1075), which this call doesn't set.
    var versions: ClosedRange<Int16> { Int16(1)...9 }

    var doing: String { "looking an offset up" }

    func destination(of partition: TopicPartition) -> Destination { .leader(partition) }

    func request(for partitions: [TopicPartition], to recipient: Recipient) throws(KafkaError) -> ListOffsetsRequest {
        var request = ListOffsetsRequest()
        request.replicaId = -1
        if recipient.version >= 2 { request.isolationLevel = self.isolationLevel.rawValue }
        request.topics = partitions.byTopic.map { name, own in
            var topic = ListOffsetsRequest.ListOffsetsTopic()
            topic.name = name
            topic.partitions = own.map { partition in
                var entry = ListOffsetsRequest.ListOffsetsPartition()
                entry.partitionIndex = partition.partition
                entry.timestamp = self.targets[partition]?.timestamp(now: self.now) ?? -1
                if recipient.version >= 4 {
                    entry.currentLeaderEpoch = recipient.metadata.partition(partition)?.leaderEpoch ?? -1
                }
                return entry
            }
            return topic
        }
        return request
    }

    func outcomes(
        of response: ListOffsetsResponse, to partitions: [TopicPartition], from recipient: Recipient
    ) -> [TopicPartition: CallOutcome<ListedOffset?>] {
        var outcomes: [TopicPartition: CallOutcome<ListedOffset?>] = [:]
        for topic in response.topics {
            for answer in topic.partitions {
                let partition = TopicPartition(topic.name, answer.partitionIndex)
                switch answer.errorCode {
                case .none where answer.offset < 0:
                    outcomes[partition] = .done(nil)
                case .none:
                    let epoch = answer.leaderEpoch < 0 ? nil : answer.leaderEpoch
                    outcomes[partition] = .done(
                        ListedOffset(offset: answer.offset, timestamp: answer.timestamp, epoch: epoch))
                case .unsupportedForMessageFormat:
                    // Records in the formats before Kafka 0.10 have no timestamps, so none matches.
                    outcomes[partition] = .done(nil)
                default:
                    outcomes[partition] = self.refused(answer.errorCode, partition, by: recipient)
                }
            }
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about partition: TopicPartition) { error.note(partition) }
}

extension OffsetTarget {
    /// The timestamp field in ListOffsets. Special values are negative.
    func timestamp(now: Int64) -> Int64 {
        switch self {
        case .latest: return -1
        case .earliest: return -2
        case .timestamp(let milliseconds): return milliseconds
        case .age(let age):
            let (seconds, attoseconds) = age.components
            return max(0, now - seconds * 1000 - attoseconds / 1_000_000_000_000_000)
        }
    }
}
