// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The configuration values of topics that this broker knows of.
enum TopicConfiguration {
    struct Entry {
        var name: String
        var value: String
        /// Kafka's number for where the value comes from: 1 the topic, 5 the default.
        var source: Int8
    }

    private static func defaults(_ configuration: EmbeddedKafka.Configuration) -> [(name: String, value: String)] {
        [
            ("cleanup.policy", "delete"), ("compression.type", "producer"),
            ("max.message.bytes", "\(configuration.maximumBatchBytes)"),
            ("message.timestamp.after.max.ms", "3600000"), ("message.timestamp.type", "CreateTime"),
            ("min.insync.replicas", "1"), ("retention.bytes", "\(configuration.retentionBytes)"),
            ("retention.ms", "-1"),
        ]
    }

    /// Numbers among the values that mean something here.
    private static let numbers: Set<String> = [
        "max.message.bytes", "message.timestamp.after.max.ms", "min.insync.replicas", "retention.bytes",
    ]

    /// All values of a topic: its own, and the defaults of the others.
    static func entries(_ own: [String: String], _ configuration: EmbeddedKafka.Configuration) -> [Entry] {
        var entries = own.map { Entry(name: $0.key, value: $0.value, source: 1) }
        for (name, value) in self.defaults(configuration) where own[name] == nil {
            entries.append(Entry(name: name, value: value, source: 5))
        }
        return entries.sorted { $0.name < $1.name }
    }

    /// Why a topic can't have these values, if it can't. Values that mean nothing here are kept as they are.
    static func problem(with own: [String: String]) -> String? {
        for (name, value) in own.sorted(by: { $0.key < $1.key }) {
            if self.numbers.contains(name), Int(value) == nil { return "\(name) must be a number, not '\(value)'." }
            if name == "message.timestamp.type", value != "CreateTime", value != "LogAppendTime" {
                return "\(name) must be CreateTime or LogAppendTime, not '\(value)'."
            }
        }
        return nil
    }
}
