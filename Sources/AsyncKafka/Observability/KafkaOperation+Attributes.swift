// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

extension KafkaOperation {
    /// The most bytes of a key that is told.
    private static let maxKeySize = 128

    /// A record that is created or sent.
    init(_ kind: Kind, _ record: ProducerRecord, clientID: String) {
        var attributes = Self.attributes(of: kind, topic: record.topic, clientID: clientID)
        if let partition = record.partition { attributes.append(.partition(partition)) }
        attributes += Self.attributes(key: record.key, isTombstone: record.value == nil)
        self.init(kind: kind, topic: record.topic, attributes: attributes)
    }

    static func attributes(of kind: Kind, topic: String, clientID: String) -> [Attribute] {
        [
            Attribute("messaging.system", .string("kafka")),
            Attribute("messaging.operation.type", .string(kind.rawValue)),
            Attribute("messaging.operation.name", .string(kind.rawValue)),
            Attribute("messaging.destination.name", .string(topic)),
            Attribute("messaging.client.id", .string(clientID)),
        ]
    }

    /// A key is told only if it is a text, and not longer than an identifier.
    static func attributes(key: Bytes?, isTombstone: Bool) -> [Attribute] {
        var attributes: [Attribute] = []
        if let text = key.flatMap({ $0.count > Self.maxKeySize ? nil : String(validating: $0, as: UTF8.self) }) {
            attributes.append(Attribute("messaging.kafka.message.key", .string(text)))
        }
        if isTombstone { attributes.append(Attribute("messaging.kafka.message.tombstone", .bool(true))) }
        return attributes
    }
}

extension KafkaOperation.Attribute {
    static func partition(_ partition: Int32) -> Self {
        Self("messaging.destination.partition.id", .string("\(partition)"))
    }

    static func offset(_ offset: Int64) -> Self { Self("messaging.kafka.offset", .int(offset)) }
}
