// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The topic settings that the broker knows.
enum TopicConfiguration {
    struct Entry {
        var name: String
        var value: String
        /// Kafka's number for the source of the value: 1 the topic, 5 the default.
        var source: Int8
    }

    private static func defaults(_ configuration: EmbeddedKafka.Configuration) -> [(name: String, value: String)] {
        [
            ("cleanup.policy", "delete"), ("compression.type", "producer"),
            ("max.message.bytes", "\(configuration.maxBatchBytes)"),
            ("message.timestamp.after.max.ms", "3600000"), ("message.timestamp.type", "CreateTime"),
            ("min.insync.replicas", "1"), ("retention.bytes", "\(configuration.retentionBytes)"),
            ("retention.ms", "-1"),
        ]
    }

    /// Returns all settings of a topic: its own values, and the defaults of the others.
    static func entries(_ own: [String: String], _ configuration: EmbeddedKafka.Configuration) -> [Entry] {
        var entries = own.map { Entry(name: $0.key, value: $0.value, source: 1) }
        for (name, value) in self.defaults(configuration) where own[name] == nil {
            entries.append(Entry(name: name, value: value, source: 5))
        }
        return entries.sorted { $0.name < $1.name }
    }

    /// The valid values of a setting.
    fileprivate enum Kind {
        case number(ClosedRange<Int64>)
        case fraction(ClosedRange<Double>)
        case flag
        case oneOf([String])
        case listOf([String])
        /// Pairs of partitions and replicas, or `*`.
        case replicas
    }

    private static let int32 = Int64(Int32.max)

    /// All topic settings of Kafka.
    private static let kinds: [String: Kind] = [
        "cleanup.policy": .listOf(["compact", "delete"]),
        "compression.gzip.level": .number(-1...9), "compression.lz4.level": .number(1...17),
        "compression.type": .oneOf(["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]),
        "compression.zstd.level": .number(-131_072...22), "delete.retention.ms": .number(0...(.max)),
        "file.delete.delay.ms": .number(0...(.max)), "flush.messages": .number(1...(.max)),
        "flush.ms": .number(0...(.max)), "follower.replication.throttled.replicas": .replicas,
        "index.interval.bytes": .number(0...Self.int32), "leader.replication.throttled.replicas": .replicas,
        "local.retention.bytes": .number(-2...(.max)), "local.retention.ms": .number(-2...(.max)),
        "max.compaction.lag.ms": .number(1...(.max)), "max.message.bytes": .number(0...Self.int32),
        "message.timestamp.after.max.ms": .number(0...(.max)), "message.timestamp.before.max.ms": .number(0...(.max)),
        "message.timestamp.type": .oneOf(["CreateTime", "LogAppendTime"]),
        "min.cleanable.dirty.ratio": .fraction(0...1), "min.compaction.lag.ms": .number(0...(.max)),
        "min.insync.replicas": .number(1...Self.int32), "preallocate": .flag, "remote.log.copy.disable": .flag,
        "remote.log.delete.on.disable": .flag, "remote.storage.enable": .flag, "retention.bytes": .number(-1...(.max)),
        "retention.ms": .number(-1...(.max)), "segment.bytes": .number(14...Self.int32),
        "segment.index.bytes": .number(4...Self.int32), "segment.jitter.ms": .number(0...(.max)),
        "segment.ms": .number(1...(.max)), "unclean.leader.election.enable": .flag,
    ]

    /// Returns the reason why a topic can't have these values, or nil if they are valid.
    ///
    /// Settings without an effect here are stored, and validated as in Kafka.
    static func problem(with own: [String: String]) -> String? {
        for (name, value) in own.sorted(by: { $0.key < $1.key }) {
            guard let kind = self.kinds[name] else { return "Topics have no setting \(name)." }
            if let wanted = kind.wanted(insteadOf: value.trimmed) {
                return "\(name) must be \(wanted), not '\(value)'."
            }
        }
        return nil
    }
}

extension TopicConfiguration.Kind {
    /// Returns a description of the valid values for an error, or nil if `value` is valid.
    fileprivate func wanted(insteadOf value: String) -> String? {
        switch self {
        case .number(let range):
            if let number = Int64(value), range.contains(number) { return nil }
            return "a number from \(range.lowerBound) to \(range.upperBound)"
        case .fraction(let range):
            if let number = Double(value), range.contains(number) { return nil }
            return "a number from \(range.lowerBound) to \(range.upperBound)"
        case .flag:
            return ["true", "false"].contains(value.lowercased()) ? nil : "true or false"
        case .oneOf(let names):
            return names.contains(value) ? nil : "one of \(names.joined(separator: ", "))"
        case .listOf(let names):
            let items = value.split(separator: ",").map { String($0).trimmed }
            return items.allSatisfy(names.contains) ? nil : "a list of \(names.joined(separator: ", "))"
        case .replicas:
            return nil
        }
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
