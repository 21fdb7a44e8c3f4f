// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The settings of topics, as in Kafka 4.4.
enum TopicSettings {
    /// A topic's setting, and the broker's setting that is its default.
    struct Entry: Sendable {
        let setting: Setting
        /// The name of the broker's setting, or nil if brokers have none.
        let brokerName: String?
        /// Whether the broker's setting has the same default. Otherwise it has none, and another one decides in Kafka.
        let brokerHasDefault: Bool
    }

    static let byName = Dictionary(uniqueKeysWithValues: Self.all.map { ($0.setting.name, $0) })

    static let all: [Entry] = [
        entry(
            "cleanup.policy", .list, .listOf(["compact", "delete"]), "delete", "log.cleanup.policy",
            "How old records are removed: delete removes them by age and size, compact keeps the latest of each key."),
        entry(
            "compression.gzip.level", .int, .numberOrMinusOne(1...9), "-1", "compression.gzip.level",
            "The level if compression.type is gzip."),
        entry(
            "compression.lz4.level", .int, .number(1...17), "9", "compression.lz4.level",
            "The level if compression.type is lz4."),
        entry(
            "compression.type", .string,
            .oneOf(["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]), "producer", "compression.type",
            "How batches are compressed in the log: by a codec, not at all, or as the producer did."),
        entry(
            "compression.zstd.level", .int, .number(-131_072...22), "3", "compression.zstd.level",
            "The level if compression.type is zstd."),
        entry(
            "delete.retention.ms", .long, .number(0...(.max)), "86400000", "log.cleaner.delete.retention.ms",
            "How long compaction keeps a tombstone after it first saw it, in milliseconds."),
        entry(
            "errors.deadletterqueue.group.enable", .boolean, .any, "false", nil,
            "Whether share groups may use the topic for records that can't be processed."),
        entry(
            "file.delete.delay.ms", .long, .number(0...(.max)), "60000", "log.segment.delete.delay.ms",
            "How long a removed file stays. This broker has no files."),
        entry(
            "flush.messages", .long, .number(1...(.max)), "9223372036854775807", "log.flush.interval.messages",
            "After how many records the log is flushed. This broker has no files."),
        entry(
            "flush.ms", .long, .number(0...(.max)), "9223372036854775807", "log.flush.interval.ms",
            brokerHasDefault: false, "After what time the log is flushed. This broker has no files."),
        entry(
            "follower.replication.throttled.replicas", .list, .replicas, "", nil,
            "The followers whose replication is throttled. This broker's replicas share one log."),
        entry(
            "index.interval.bytes", .int, .number(0...(.max)), "4096", "log.index.interval.bytes",
            "The bytes between two entries of the index. This broker indexes each batch."),
        entry(
            "leader.replication.throttled.replicas", .list, .replicas, "", nil,
            "The leaders whose replication is throttled. This broker's replicas share one log."),
        entry(
            "local.retention.bytes", .long, .number(-2...(.max)), "-2", "log.local.retention.bytes",
            "The bytes to keep beside remote storage, which this broker doesn't have."),
        entry(
            "local.retention.ms", .long, .number(-2...(.max)), "-2", "log.local.retention.ms",
            "The time to keep records beside remote storage, which this broker doesn't have."),
        entry(
            "max.compaction.lag.ms", .long, .number(1...(.max)), "9223372036854775807",
            "log.cleaner.max.compaction.lag.ms", "The longest time that a record can stay uncompacted, in milliseconds."
        ),
        entry(
            "max.decompressed.message.bytes", .int, .number(1...2_147_483_639), "2147483639",
            "max.decompressed.message.bytes",
            "The largest size of a batch's records without compression, in bytes. Has no effect here."),
        entry(
            "max.message.bytes", .int, .number(0...(.max)), "1048588", "message.max.bytes",
            "The largest record batch that is accepted, in bytes."),
        entry(
            "message.timestamp.after.max.ms", .long, .number(0...(.max)), "3600000",
            "log.message.timestamp.after.max.ms",
            "How far a producer's timestamp may be ahead of the broker's clock, in milliseconds."),
        entry(
            "message.timestamp.before.max.ms", .long, .number(0...(.max)), "9223372036854775807",
            "log.message.timestamp.before.max.ms",
            "How far a producer's timestamp may be behind the broker's clock, in milliseconds."),
        entry(
            "message.timestamp.type", .string, .oneOf(["CreateTime", "LogAppendTime"]), "CreateTime",
            "log.message.timestamp.type", "Whether records have the producer's time or the time of appending."),
        entry(
            "min.cleanable.dirty.ratio", .double, .fraction(0...1), "0.5", "log.cleaner.min.cleanable.ratio",
            "The share of uncompacted bytes in the log from which on it is compacted."),
        entry(
            "min.compaction.lag.ms", .long, .number(0...(.max)), "0", "log.cleaner.min.compaction.lag.ms",
            "The shortest time that a record stays uncompacted, in milliseconds."),
        entry(
            "min.insync.replicas", .int, .number(1...(.max)), "1", "min.insync.replicas",
            "The number of replicas that must be in sync to accept a batch with acks=all."),
        entry(
            "preallocate", .boolean, .any, "false", "log.preallocate",
            "Whether files are allocated in full. This broker has no files."),
        entry(
            "remote.copy.lag.bytes", .long, .number(-1...(.max)), "-1", "log.remote.copy.lag.bytes",
            "The bytes that may be missing in remote storage, which this broker doesn't have."),
        entry(
            "remote.copy.lag.ms", .long, .number(-1...(.max)), "0", "log.remote.copy.lag.ms",
            "The time that records may be missing in remote storage, which this broker doesn't have."),
        entry(
            "remote.log.copy.disable", .boolean, .any, "false", nil,
            "Whether nothing more is copied to remote storage, which this broker doesn't have."),
        entry(
            "remote.log.delete.on.disable", .boolean, .any, "false", nil,
            "Whether remote records are deleted when remote storage is turned off."),
        entry(
            "remote.storage.enable", .boolean, .any, "false", nil,
            "Whether the topic uses remote storage, which this broker doesn't have."),
        entry(
            "retention.bytes", .long, .any, "-1", "log.retention.bytes",
            "The bytes of each partition to keep, or -1 for no limit."),
        entry(
            "retention.ms", .long, .number(-1...(.max)), "604800000", "log.retention.ms", brokerHasDefault: false,
            "How long records are kept, in milliseconds, or -1 for no limit."),
        entry(
            "segment.bytes", .int, .number(1_048_576...(.max)), "1073741824", "log.segment.bytes",
            "The size of a segment of the log, in bytes. This broker's segments have up to 1 MiB."),
        entry(
            "segment.index.bytes", .int, .number(4...(.max)), "10485760", "log.index.size.max.bytes",
            "The size of a segment's index. This broker indexes each batch."),
        entry(
            "segment.jitter.ms", .long, .number(0...(.max)), "0", "log.roll.jitter.ms", brokerHasDefault: false,
            "By how much the time of a segment varies. Has no effect here."),
        entry(
            "segment.ms", .long, .number(1...(.max)), "604800000", "log.roll.ms", brokerHasDefault: false,
            "The time after which a new segment begins. Has no effect here, where batches expire one by one."),
        entry(
            "unclean.leader.election.enable", .boolean, .any, "false", "unclean.leader.election.enable",
            "Whether a replica that isn't in sync may lead. This broker's replicas share one log."),
    ]

    private static func entry(
        _ name: String, _ type: Setting.ValueType, _ rule: Setting.Rule, _ defaultValue: String, _ brokerName: String?,
        brokerHasDefault: Bool = true, _ documentation: String
    ) -> Entry {
        Entry(
            setting: Setting(
                name: name, type: type, rule: rule, defaultValue: defaultValue, documentation: documentation),
            brokerName: brokerName, brokerHasDefault: brokerHasDefault)
    }

    /// Returns the reason why a topic can't have these values of its own, or nil if it can.
    ///
    /// Settings without an effect here are stored, and validated as in Kafka.
    static func problem(with own: [String: String]) -> String? {
        for (name, value) in own.sorted(by: { $0.key < $1.key }) {
            guard let entry = self.byName[name] else { return "Topics have no setting \(name)." }
            if let problem = entry.setting.problem(with: value) { return problem }
        }
        if own["remote.storage.enable"]?.lowercased() == "true" {
            return "remote.storage.enable can't be true: these brokers have no remote storage."
        }
        let shortest = own["min.compaction.lag.ms"].flatMap { Int64($0.trimmed) } ?? 0
        let longest = own["max.compaction.lag.ms"].flatMap { Int64($0.trimmed) } ?? .max
        guard shortest <= longest else {
            return "min.compaction.lag.ms is \(shortest), which is more than max.compaction.lag.ms, \(longest)."
        }
        return nil
    }
}
