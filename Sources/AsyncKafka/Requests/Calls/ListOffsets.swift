// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Looks up offsets in partitions: the earliest, the latest, or that of the first record with at least a given
/// timestamp. The value is nil if no record matches.
struct ListOffsetsCall: Call {
    typealias Request = ListOffsetsRequest

    var targets: [TopicPartition: OffsetTarget]
    var isolationLevel: IsolationLevel
    /// The current time in milliseconds since 1970, from which an age is subtracted.
    var now: Int64
    /// The time that a leader may take to read from remote storage (KIP-1075).
    var timeout: Duration?

    // Version 10 adds the timeout, without which the leader would give up at once.
    var versions: ClosedRange<Int16> { Int16(1)...(self.timeout == nil ? 9 : 11) }

    var doing: String { "looking an offset up" }

    func destination(of partition: TopicPartition) -> Destination { .leader(partition) }

    func request(for partitions: [TopicPartition], to recipient: Recipient) throws(KafkaError) -> ListOffsetsRequest {
        var request = ListOffsetsRequest()
        request.replicaId = -1
        if recipient.version >= 2 { request.isolationLevel = self.isolationLevel.rawValue }
        if recipient.version >= 10, let timeout { request.timeoutMs = timeout.wholeMilliseconds }
        let supported = partitions.filter { self.absence(of: $0, at: recipient) == nil }
        if supported.isEmpty, let first = partitions.first, let error = self.absence(of: first, at: recipient) {
            throw error
        }
        request.topics = supported.byTopic.map { name, own in
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
        for partition in partitions {
            if let error = self.absence(of: partition, at: recipient) { outcomes[partition] = .failed(error) }
        }
        for topic in response.topics {
            for answer in topic.partitions {
                let partition = TopicPartition(topic.name, answer.partitionIndex)
                switch answer.errorCode {
                case .none where answer.offset < 0:
                    outcomes[partition] = .done(nil)
                case .none:
                    outcomes[partition] = .done(
                        ListedOffset(
                            offset: answer.offset,
                            timestamp: answer.timestamp < 0
                                ? nil : Timestamp(millisecondsSince1970: answer.timestamp),
                            leaderEpoch: answer.leaderEpoch < 0 ? nil : answer.leaderEpoch))
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

    /// The error for a target that the broker is too old for, which would take it for a timestamp or refuse the request.
    private func absence(of partition: TopicPartition, at recipient: Recipient) -> KafkaError? {
        guard let target = self.targets[partition], let (version, release) = target.requirement,
            recipient.version < version
        else { return nil }
        var error = KafkaError(
            .unsupportedVersion, "The broker can't look up this offset, which came with Kafka \(release).",
            broker: recipient.broker.description)
        self.annotate(&error, about: partition)
        return error
    }
}
