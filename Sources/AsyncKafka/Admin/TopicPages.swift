// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Assembles the descriptions of topics from the pages of DescribeTopicPartitions. Pure.
struct TopicPages {
    typealias Page = DescribeTopicPartitionsCall.Page

    /// The topics that aren't complete.
    private(set) var missing: Set<String>
    /// Where the next page begins. Nil if it begins with the first missing topic.
    private(set) var start: DescribeTopicPartitionsCall.Position?
    private(set) var results: [String: Result<TopicDescription, KafkaError>] = [:]
    private var begun: TopicDescription?

    init(_ names: [String]) {
        self.missing = Set(names)
    }

    /// Takes the results of a page. Each page has something new, or all missing topics fail.
    mutating func add(_ page: [String: Result<Page, KafkaError>]) {
        let first = self.start?.partition ?? 0
        let before = self.begun
        var hasProgress = false
        var next: DescribeTopicPartitionsCall.Position?
        for (name, result) in page where self.missing.contains(name) {
            switch result {
            case .failure(let error):
                self.finish(name, .failure(error))
            case .success(.notReached):
                continue
            case .success(.topic(var topic, let end)):
                if let before, before.name == name { topic.partitions = before.partitions + topic.partitions }
                if let end {
                    guard end > (name == before?.name ? first : 0), next == nil else { continue }
                    next = DescribeTopicPartitionsCall.Position(topic: name, partition: end)
                    self.begun = topic
                } else {
                    self.finish(name, .success(topic))
                }
            }
            hasProgress = true
        }
        self.start = next ?? self.start.flatMap { self.missing.contains($0.topic) ? $0 : nil }
        guard !hasProgress else { return }
        for name in self.missing {
            let error = KafkaError(
                .protocolError, "The broker's pages of topics don't come to an end.", topic: name)
            self.finish(name, .failure(error))
        }
    }

    private mutating func finish(_ name: String, _ result: Result<TopicDescription, KafkaError>) {
        self.missing.remove(name)
        self.results[name] = result
    }
}
