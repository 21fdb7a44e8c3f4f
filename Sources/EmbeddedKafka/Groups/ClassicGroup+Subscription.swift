// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

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
            var reader = ByteReader(member.metadata(for: name))
            guard let version = try? reader.readInt16(), version >= 0,
                let subscription = try? ConsumerProtocolSubscription(
                    from: &reader, version: min(version, ConsumerProtocolSubscription.validVersions.upperBound))
            else { return true }
            return subscription.topics.contains(topic)
        }
    }
}
