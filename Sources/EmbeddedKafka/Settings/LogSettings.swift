// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The settings of a topic that have an effect on its logs, as values. Times are in milliseconds.
struct LogSettings: Sendable {
    let isDeleted: Bool
    let isCompacted: Bool
    /// The time to keep records, or nil for no limit.
    let retentionTime: Int64?
    /// The bytes to keep, or nil for no limit.
    let retentionBytes: Int64?
    let deleteRetention: Int64
    let minCompactionLag: Int64
    let maxCompactionLag: Int64
    let minDirtyRatio: Double
    let maxBatchBytes: Int
    let usesLogAppendTime: Bool
    let maxTimestampBefore: Int64
    let maxTimestampAfter: Int64
    let minInSyncReplicas: Int
    /// The compression of stored batches, or nil for the producer's.
    let compression: Compression?

    /// - Parameter value: Returns the value of a topic's setting, which has been validated.
    init(_ value: (String) -> String) {
        func number(_ name: String) -> Int64 { Int64(value(name).trimmed) ?? 0 }
        let policies = Setting.items(of: value("cleanup.policy"))
        let time = number("retention.ms")
        let bytes = number("retention.bytes")
        self.isDeleted = policies.contains("delete")
        self.isCompacted = policies.contains("compact")
        self.retentionTime = time >= 0 && self.isDeleted ? time : nil
        self.retentionBytes = bytes >= 0 && self.isDeleted ? bytes : nil
        self.deleteRetention = number("delete.retention.ms")
        self.minCompactionLag = number("min.compaction.lag.ms")
        self.maxCompactionLag = number("max.compaction.lag.ms")
        self.minDirtyRatio = Double(value("min.cleanable.dirty.ratio").trimmed) ?? 0.5
        self.maxBatchBytes = Int(number("max.message.bytes"))
        self.usesLogAppendTime = value("message.timestamp.type").trimmed == "LogAppendTime"
        self.maxTimestampBefore = number("message.timestamp.before.max.ms")
        self.maxTimestampAfter = number("message.timestamp.after.max.ms")
        self.minInSyncReplicas = Int(number("min.insync.replicas"))
        self.compression =
            switch value("compression.type").trimmed {
            case "uncompressed": Compression.none
            case "gzip":
                number("compression.gzip.level") < 0
                    ? .gzip : .gzip(level: Int(number("compression.gzip.level")))
            case "snappy": .snappy
            // This library's codec has levels up to 12.
            case "lz4": .lz4(level: min(Int(number("compression.lz4.level")), 12))
            case "zstd": .zstd(level: Int(number("compression.zstd.level")))
            default: nil
            }
    }

    /// Whether the passing of time can remove records.
    var areCleaned: Bool { self.isCompacted || self.retentionTime != nil }
}
