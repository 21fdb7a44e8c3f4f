// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension ConsumerCore {
    /// Logs which partitions have been failing for a while, and which have recovered.
    func tellOfPartitions() {
        let notices = self.state.withLock { $0.subscriptions.takePartitionNotices() }
        guard !notices.isEmpty else { return }
        var refused: [String: (partitions: [TopicPartition], error: KafkaError)] = [:]
        var served: [TopicPartition] = []
        for notice in notices {
            switch notice {
            case .refused(let partition, let error):
                refused[error.message, default: ([], error)].partitions.append(partition)
            case .served(let partition): served.append(partition)
            }
        }
        for (partitions, error) in refused.values {
            self.logger(
                .warning, "Partitions can't be read; trying again",
                [(.partitions, partitions.names), (.error, error.description)])
        }
        if !served.isEmpty {
            self.logger(.info, "Partitions can be read again", [(.partitions, served.names)])
        }
    }
}
