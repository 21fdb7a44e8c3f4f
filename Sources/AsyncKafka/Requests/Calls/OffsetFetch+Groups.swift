// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Fetches all committed offsets of groups.
struct GroupOffsetsCall: GroupsCall {
    typealias Request = OffsetFetchRequest

    var pending: PendingOffsets

    /// The first version for several groups (KIP-709, Kafka 3.0).
    private static let firstWithGroups: Int16 = 8

    // Version 2 is the first that returns all offsets. Version 10 identifies topics by their ids.
    var versions: ClosedRange<Int16> { 2...9 }

    var doing: String { "listing committed offsets" }

    func maximumItems(version: Int16) -> Int { version >= Self.firstWithGroups ? .max : 1 }

    func request(for groups: [String], to recipient: Recipient) throws(KafkaError) -> OffsetFetchRequest {
        var request = OffsetFetchRequest()
        if recipient.version >= PendingOffsets.firstVersion {
            request.requireStable = self.pending != .ignored
        } else if self.pending == .avoided {
            throw PendingOffsets.absence(recipient)
        }
        if recipient.version >= Self.firstWithGroups {
            request.groups = groups.map { id in
                var group = OffsetFetchRequest.OffsetFetchRequestGroup()
                group.groupId = id
                group.topics = nil
                return group
            }
        } else {
            request.groupId = groups.first ?? ""
            request.topics = nil
        }
        return request
    }

    func outcomes(
        of response: OffsetFetchResponse, to groups: [String], from recipient: Recipient
    ) -> [String: CallOutcome<[TopicPartition: OffsetAndMetadata]>] {
        var outcomes: [String: CallOutcome<[TopicPartition: OffsetAndMetadata]>] = [:]
        if recipient.version >= Self.firstWithGroups {
            for group in response.groups {
                let entries = group.topics.flatMap { topic in
                    topic.partitions.map {
                        Entry(
                            TopicPartition(topic.name, $0.partitionIndex), $0.committedOffset, $0.committedLeaderEpoch,
                            $0.metadata, $0.errorCode)
                    }
                }
                outcomes[group.groupId] = self.outcome(group.groupId, group.errorCode, entries, recipient)
            }
        } else if let group = groups.first {
            let entries = response.topics.flatMap { topic in
                topic.partitions.map {
                    Entry(
                        TopicPartition(topic.name, $0.partitionIndex), $0.committedOffset, $0.committedLeaderEpoch,
                        $0.metadata, $0.errorCode)
                }
            }
            outcomes[group] = self.outcome(group, response.errorCode, entries, recipient)
        }
        return outcomes
    }

    private struct Entry {
        var partition: TopicPartition
        var committed: OffsetAndMetadata
        var error: ErrorCode

        init(_ partition: TopicPartition, _ offset: Int64, _ epoch: Int32, _ metadata: String?, _ error: ErrorCode) {
            self.partition = partition
            self.committed = OffsetAndMetadata(
                offset: offset, leaderEpoch: epoch < 0 ? nil : epoch, metadata: metadata ?? "")
            self.error = error
        }
    }

    private func outcome(
        _ group: String, _ code: ErrorCode, _ entries: [Entry], _ recipient: Recipient
    ) -> CallOutcome<[TopicPartition: OffsetAndMetadata]> {
        if code != .none { return self.refused(code, group, by: recipient) }
        // One partition without an answer makes the list incomplete.
        if let entry = entries.first(where: { $0.error != .none }) {
            var error = KafkaError(entry.error, doing: self.doing, broker: recipient.broker, group: group)
            error.note(entry.partition)
            return CallOutcome(refusal: error, at: self.destination(of: group))
        }
        let pairs = entries.filter { $0.committed.offset >= 0 }.map { ($0.partition, $0.committed) }
        return .done(Dictionary(pairs) { $1 })
    }
}
