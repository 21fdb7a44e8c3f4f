// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// What to do about offsets that an open transaction commits. If they are avoided, the broker returns a retriable error until
/// the transaction has ended (KIP-447, Kafka 2.5).
enum PendingOffsets: Hashable, Sendable {
    case avoided
    case avoidedIfPossible
    /// The offset that was committed before the transaction counts.
    case ignored

    /// The first version of OffsetFetch in which they can be avoided.
    static let firstVersion: Int16 = 7

    static func absence(_ recipient: Recipient) -> KafkaError {
        KafkaError(
            .unsupportedVersion,
            "The broker can't wait for offsets of open transactions, which came with Kafka 2.5: leave requireStable false.",
            broker: recipient.broker.description)
    }
}

/// Fetches a group's committed offsets. The value is nil for a partition without one.
struct OffsetFetchCall: GroupCall {
    typealias Request = OffsetFetchRequest

    let group: String
    var pending = PendingOffsets.avoidedIfPossible

    // Version 10 identifies topics by their ids (KIP-848).
    var versions: ClosedRange<Int16> { OffsetFetchRequest.validVersions.lowerBound...9 }

    var doing: String { "asking for committed offsets" }

    func request(for partitions: [TopicPartition], to recipient: Recipient) throws(KafkaError) -> OffsetFetchRequest {
        var request = OffsetFetchRequest()
        if recipient.version >= PendingOffsets.firstVersion {
            request.requireStable = self.pending != .ignored
        } else if self.pending == .avoided {
            throw PendingOffsets.absence(recipient)
        }
        if recipient.version >= 8 {
            var entry = OffsetFetchRequest.OffsetFetchRequestGroup()
            entry.groupId = self.group
            entry.topics = partitions.byTopic.map { name, own in
                var topic = OffsetFetchRequest.OffsetFetchRequestTopics()
                topic.name = name
                topic.partitionIndexes = own.map(\.partition)
                return topic
            }
            request.groups = [entry]
        } else {
            request.groupId = self.group
            request.topics = partitions.byTopic.map { name, own in
                var topic = OffsetFetchRequest.OffsetFetchRequestTopic()
                topic.name = name
                topic.partitionIndexes = own.map(\.partition)
                return topic
            }
        }
        return request
    }

    func outcomes(
        of response: OffsetFetchResponse, to partitions: [TopicPartition], from recipient: Recipient
    ) -> [TopicPartition: CallOutcome<OffsetAndMetadata?>] {
        var outcomes: [TopicPartition: CallOutcome<OffsetAndMetadata?>] = [:]
        func add(_ partition: TopicPartition, _ offset: Int64, _ epoch: Int32, _ metadata: String?, _ code: ErrorCode) {
            if code != .none {
                outcomes[partition] = self.refused(code, partition, by: recipient)
            } else {
                let committed = OffsetAndMetadata(
                    offset: offset, leaderEpoch: epoch < 0 ? nil : epoch, metadata: metadata ?? "")
                outcomes[partition] = .done(offset < 0 ? nil : committed)
            }
        }
        // A group-level error comes without partitions, which must not be mistaken for "no committed offsets".
        func refuseAll(_ code: ErrorCode) -> [TopicPartition: CallOutcome<OffsetAndMetadata?>] {
            Dictionary(partitions.map { ($0, self.refused(code, $0, by: recipient)) }) { first, _ in first }
        }
        if response.errorCode != .none { return refuseAll(response.errorCode) }
        if recipient.version >= 8 {
            for answer in response.groups where answer.groupId == self.group {
                if answer.errorCode != .none { return refuseAll(answer.errorCode) }
                for topic in answer.topics {
                    for entry in topic.partitions {
                        add(
                            TopicPartition(topic.name, entry.partitionIndex), entry.committedOffset,
                            entry.committedLeaderEpoch, entry.metadata, entry.errorCode)
                    }
                }
            }
        } else {
            for topic in response.topics {
                for entry in topic.partitions {
                    add(
                        TopicPartition(topic.name, entry.partitionIndex), entry.committedOffset,
                        entry.committedLeaderEpoch, entry.metadata, entry.errorCode)
                }
            }
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about partition: TopicPartition) {
        error.group = self.group
        // The group itself was refused, so naming one of the partitions would be misleading.
        if error.brokerCode != .groupAuthorizationFailed { error.note(partition) }
    }
}
