// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// The messages that the members of a classic group exchange through the coordinator, encoded as by Kafka's Java
/// client.
///
/// Each begins with a version. Newer versions only append fields, so a decoder reads the fields it knows and ignores
/// the rest.
enum ClassicGroupMessages {
    /// The protocol type in JoinGroup.
    static let type = "consumer"

    static func encode(_ subscription: GroupMemberSubscription) throws(ProtocolError) -> Bytes {
        var message = ConsumerProtocolSubscription()
        message.topics = subscription.topics.sorted()
        message.userData = subscription.userData
        message.ownedPartitions = self.byTopic(subscription.ownedPartitions).map { topic, partitions in
            var entry = ConsumerProtocolSubscription.TopicPartition()
            entry.topic = topic
            entry.partitions = partitions
            return entry
        }
        message.generationId = subscription.generation ?? -1
        message.rackId = subscription.rack
        return try self.encode(message)
    }

    static func decodeSubscription(
        _ bytes: Bytes, memberID: String, groupInstanceID: String?
    ) throws(ProtocolError) -> GroupMemberSubscription {
        let message = try ConsumerProtocolSubscription(ofMember: bytes)
        return GroupMemberSubscription(
            memberID: memberID, groupInstanceID: groupInstanceID, topics: Set(message.topics),
            userData: message.userData,
            ownedPartitions: message.ownedPartitions.flatMap { entry in
                entry.partitions.map { TopicPartition(entry.topic, $0) }
            }, generation: message.generationId < 0 ? nil : message.generationId, rack: message.rackId)
    }

    static func encode(_ assignment: [TopicPartition]) throws(ProtocolError) -> Bytes {
        var message = ConsumerProtocolAssignment()
        message.assignedPartitions = self.byTopic(assignment).map { topic, partitions in
            var entry = ConsumerProtocolAssignment.TopicPartition()
            entry.topic = topic
            entry.partitions = partitions
            return entry
        }
        return try self.encode(message)
    }

    /// Returns the partitions of an assignment. Empty bytes are an empty assignment.
    static func decodeAssignment(_ bytes: Bytes) throws(ProtocolError) -> [TopicPartition] {
        if bytes.isEmpty { return [] }
        let message = try ConsumerProtocolAssignment(ofMember: bytes)
        return message.assignedPartitions.flatMap { entry in
            entry.partitions.map { TopicPartition(entry.topic, $0) }
        }
    }

    private static func byTopic(_ partitions: [TopicPartition]) -> [(key: String, value: [Int32])] {
        Dictionary(grouping: partitions, by: \.topic)
            .map { (key: $0.key, value: $0.value.map(\.partition).sorted()) }
            .sorted { $0.key < $1.key }
    }

    private static func encode<Message: KafkaMessage>(_ message: Message) throws(ProtocolError) -> Bytes {
        let version = Message.validVersions.upperBound
        var writer = ByteWriter(capacity: 256)
        writer.writeInt16(version)
        try message.encode(into: &writer, version: version)
        return writer.finishContiguous()
    }
}
