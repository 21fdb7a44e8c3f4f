// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension [TopicPartition] {
    /// The partitions grouped by topic, sorted by topic name.
    var byTopic: [(name: String, partitions: [TopicPartition])] {
        Dictionary(grouping: self, by: \.topic).sorted { $0.key < $1.key }.map { (name: $0.key, partitions: $0.value) }
    }
}

extension KafkaError {
    /// Adds the partition to the error.
    mutating func note(_ partition: TopicPartition) {
        self.topic = partition.topic
        self.partition = partition.partition
    }
}
