// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// A topic in the list of all topics.
public struct TopicListing: Hashable, Sendable {
    /// The topic's name.
    public var name: String
    /// The topic's id. Nil with brokers below Kafka 2.8.
    public var id: KafkaUUID?
    /// Whether Kafka uses the topic for itself, as it does `__consumer_offsets`.
    public var isInternal: Bool
}

extension TopicListing: CustomStringConvertible {
    /// The topic's name.
    public var description: String { self.name.printable }
}
