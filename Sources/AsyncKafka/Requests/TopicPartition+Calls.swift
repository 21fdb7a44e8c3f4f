// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension [TopicPartition] {
    /// The partitions of each topic, in order of name.
    var byTopic: [(name: String, partitions: [TopicPartition])] {
        Dictionary(grouping: self, by: \.topic).sorted { $0.key < $1.key }.map { (name: $0.key, partitions: $0.value) }
    }
}

extension KafkaError {
    /// Says which partition it is about.
    mutating func note(_ partition: TopicPartition) {
        self.topic = partition.topic
        self.partition = partition.partition
    }
}
