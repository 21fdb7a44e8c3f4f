// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// A place in the log of a partition, as a user writes it.
enum LogPosition: Hashable, Sendable {
    case beginning
    case end
    case offset(Int64)
    /// This many offsets before the end.
    case beforeEnd(Int64)
    /// The first record at or after this time.
    case time(Timestamp)

    init?(written text: String) {
        switch text {
        case "beginning", "earliest", "start": self = .beginning
        case "end", "latest": self = .end
        default:
            if text.hasPrefix("-"), let count = Int64(text.dropFirst()), count >= 0 {
                self = .beforeEnd(count)  // -0 is the end.
            } else if let offset = Int64(text), offset >= 0 {
                self = .offset(offset)
            } else if let time = Moment.parse(text) {
                self = .time(time)
            } else {
                return nil
            }
        }
    }
}

extension ValueKind where Value == LogPosition {
    static var position: ValueKind {
        ValueKind("POSITION", completion: .words(["beginning", "end"])) { text throws(UsageError) in
            guard let position = LogPosition(written: text) else {
                throw UsageError(
                    "it must be beginning, end, an offset, -N (N before the end), or a time such as 2026-11-26T10:00:00Z or 1h "
                        + "(an hour ago)")
            }
            return position
        }
    }
}

extension KafkaConsumer {
    /// Returns the offset of a position in each partition, within the partition's log.
    func offsets(
        of position: LogPosition, in partitions: [TopicPartition]
    ) async throws -> [TopicPartition: Int64] {
        let beginnings = try await self.beginningOffsets(of: partitions)
        let ends = try await self.endOffsets(of: partitions)
        var times: [TopicPartition: KafkaConsumer.OffsetAndTimestamp] = [:]
        if case .time(let time) = position {
            times = try await self.offsets(for: Dictionary(uniqueKeysWithValues: partitions.map { ($0, time) }))
        }
        return Dictionary(
            uniqueKeysWithValues: partitions.map { partition in
                let beginning = beginnings[partition] ?? 0
                let end = max(ends[partition] ?? beginning, beginning)
                let offset =
                    switch position {
                    case .beginning: beginning
                    case .end: end
                    case .offset(let offset): offset
                    case .beforeEnd(let count): count > end ? beginning : end - count
                    case .time: times[partition]?.offset ?? end
                    }
                return (partition, min(max(offset, beginning), end))
            })
    }
}
