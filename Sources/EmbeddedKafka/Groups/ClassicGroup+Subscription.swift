// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

extension ClassicGroup {
    /// Why no committed offset can be deleted, whatever the topic. Nil if it depends on the topic.
    var refusalToDeleteOffsets: ErrorCode? {
        switch self.state {
        case .dead: .groupIdNotFound
        case .empty: nil
        // Only the subscriptions of consumers are known.
        case .preparingRebalance, .completingRebalance, .stable: self.protocolType == "consumer" ? nil : .nonEmptyGroup
        }
    }

    /// Whether a member subscribes to the topic. A subscription that can't be read counts as one to all topics.
    func isSubscribed(to topic: String) -> Bool {
        self.members.contains { member in
            guard let name = self.protocolName ?? member.protocols.first?.name else { return true }
            guard let (subscription, _) = ConsumerProtocolSubscription.read(member.metadata(for: name)) else {
                return true
            }
            return subscription.topics.contains(topic)
        }
    }
}

extension KafkaMessage {
    /// Reads a message that begins with its version, as consumers exchange them in classic groups. Returns nil if it can't be
    /// read. A version that is too new is read as the newest that is known.
    static func read(_ bytes: Bytes) -> (Self, version: Int16)? {
        var reader = ByteReader(bytes)
        guard let version = try? reader.readInt16(), version >= 0 else { return nil }
        let known = min(version, Self.validVersions.upperBound)
        return (try? Self(from: &reader, version: known)).map { ($0, known) }
    }

    /// Writes the message with its version before it.
    func written(version: Int16) -> Bytes {
        var writer = ByteWriter()
        writer.writeInt16(version)
        // The message was made here, so that its fields can be written.
        try? self.encode(into: &writer, version: version)
        return Bytes(writer.finish().joined())
    }
}
