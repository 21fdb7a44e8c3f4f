// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// What groups of the consumer protocol know of the cluster's topics.
struct GroupTopics: Sendable {
    struct Topic: Equatable, Sendable {
        var id: KafkaUUID
        var partitions: Int32
    }

    /// A number that changes with each change of the topics.
    private(set) var version = 0
    private(set) var byName: [String: Topic] = [:]
    private(set) var names: [KafkaUUID: String] = [:]

    mutating func set(_ name: String, _ topic: Topic) {
        if let old = self.byName[name] { self.names[old.id] = nil }
        self.byName[name] = topic
        self.names[topic.id] = name
        self.version += 1
    }

    mutating func remove(_ name: String) {
        if let old = self.byName.removeValue(forKey: name) { self.names[old.id] = nil }
        self.version += 1
    }
}

/// A partition of a topic, by the topic's ID.
struct GroupPartition: Hashable, Comparable, Sendable {
    var topic: KafkaUUID
    var index: Int32

    static func < (left: Self, right: Self) -> Bool {
        (left.topic.high, left.topic.low, left.index) < (right.topic.high, right.topic.low, right.index)
    }
}
