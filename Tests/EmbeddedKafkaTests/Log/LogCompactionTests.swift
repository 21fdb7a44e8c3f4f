// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import EmbeddedKafka

@Suite struct LogCompactionTests {
    private let log = PartitionLog()

    private static func settings(_ own: [String: String] = [:]) -> LogSettings {
        LogSettings { name in
            name == "cleanup.policy" ? "compact" : own[name] ?? TopicSettings.byName[name]?.setting.defaultValue ?? ""
        }
    }

    @discardableResult
    private func append(
        _ records: [(String, String?)], timestamp: Int64 = 1000, compression: Compression = .none,
        isControl: Bool = false
    ) throws -> PartitionLog.Appended {
        var bytes = Array(try keyed(records, timestamp: timestamp, compression: compression))
        if isControl { bytes[22] |= 0x30 }
        return try self.log.append(try parsed(Bytes(bytes)), leaderEpoch: 0, now: 0)
    }

    /// The log's records as `offset:key=value`.
    private var contents: [String] {
        get throws {
            var all: [String] = []
            try self.log.forEachRecord { view, records in
                all.append("\(view.offset):\(text(records.key(of: view)))=\(text(records.value(of: view)))")
            }
            return all
        }
    }

    @Test func theLatestRecordOfEachKeyStaysAtItsOffset() throws {
        try self.append([("a", "1"), ("b", "1"), ("a", "2")])
        try self.append([("c", "1")])
        try self.append([("b", "2"), ("a", "3")])
        self.log.compact(Self.settings(), now: 5000)
        #expect(try self.contents == ["3:c=1", "4:b=2", "5:a=3"])
        #expect(self.log.startOffset == 0)
        #expect(self.log.endOffset == 6)
        #expect(self.log.batchCount == 2)
        // A consumer at a removed offset gets the records after it.
        let slices = try self.log.read(from: 1, maxBytes: .max, atLeastOneBatch: true, before: 6)
        #expect(try records(in: slices).map(\.offset) == [3, 4, 5])
    }

    @Test(arguments: [Compression.none, .gzip, .lz4, .snappy, .zstd])
    func whatStaysOfABatchHasItsTimestampsHeadersSequencesAndCompression(_ compression: Compression) throws {
        let long = String(repeating: "x", count: 1000)
        var builder = RecordBatchBuilder()
        for (index, key) in ["a", "b", "a"].enumerated() {
            _ = try builder.append(
                key: Bytes(key), value: Bytes(long), headers: [RecordHeader("n", Bytes("\(index)"))],
                timestamp: 1000 - Int64(index), limit: .max)
        }
        try builder.close(compression: compression)
        let bytes = joined(builder.finish(producerID: 7, producerEpoch: 2, baseSequence: 40))
        _ = try self.log.append(try parsed(bytes), leaderEpoch: 3, now: 0)
        self.log.compact(Self.settings(), now: 5000)
        let batch = try #require(self.log.entriesWithBatches.first?.batch)
        try batch.validateChecksum()
        #expect(batch.codec == compression.codec)
        #expect(batch.partitionLeaderEpoch == 3)
        #expect([batch.baseOffset, batch.lastOffset] == [0, 2])
        #expect(batch.count == 2)
        #expect(batch.maxTimestamp == 999)
        #expect([batch.producerID, Int64(batch.producerEpoch)] == [7, 2])
        #expect([batch.baseSequence, batch.lastSequence] == [40, 42])
        var found: [String] = []
        try self.log.forEachRecord { view, records in
            let header = text(records.headers(of: view)["n"])
            found.append("\(view.offset)@\(view.timestamp) \(text(records.key(of: view))) \(header)")
            #expect(text(records.value(of: view)) == long)
        }
        #expect(found == ["1@999 b 1", "2@998 a 2"])
    }

    @Test func aTombstoneStaysForItsTimeAndThenGoes() throws {
        try self.append([("a", "1"), ("b", "1")])
        try self.append([("a", nil)])
        try self.append([("c", "1")])
        let settings = Self.settings(["delete.retention.ms": "100", "min.cleanable.dirty.ratio": "1"])
        self.log.compact(settings, now: 5000)
        #expect(try self.contents == ["1:b=1", "2:a=nil", "3:c=1"])
        #expect(!self.log.needsCompaction(settings, now: 5099))
        self.log.compact(settings, now: 5099)
        #expect(try self.contents.contains("2:a=nil"))
        #expect(self.log.needsCompaction(settings, now: 5100))
        self.log.compact(settings, now: 5100)
        #expect(try self.contents == ["1:b=1", "3:c=1"])
    }

    @Test func aLogThatLosesAllItsRecordsKeepsItsEnd() throws {
        try self.append([("a", "1")])
        try self.append([("a", nil)])
        let settings = Self.settings(["delete.retention.ms": "0"])
        self.log.compact(settings, now: 5000)
        self.log.compact(settings, now: 5001)
        #expect(try self.contents == [])
        #expect(self.log.endOffset == 2)
        // The header of the last batch tells a consumer at offset 0 where to continue.
        let slices = try self.log.read(from: 0, maxBytes: .max, atLeastOneBatch: true, before: 2)
        #expect(try parsed(joined(slices)).nextOffset == 2)
        #expect(try self.append([("b", "1")]).baseOffset == 2)
    }

    @Test func theLatestTimestampIsThatOfARecordAlsoBesideABatchWithoutRecords() throws {
        try self.append([("a", "1")], timestamp: 1000)
        try self.append([("b", nil)], timestamp: 2000)
        let settings = Self.settings(["delete.retention.ms": "0"])
        self.log.compact(settings, now: 5000)
        self.log.compact(settings, now: 5001)
        #expect(try self.contents == ["0:a=1"])
        #expect(self.log.recordWithLatestTimestamp() == .init(offset: 0, timestamp: 1000))
    }

    @Test func theLastSequenceOfAProducerOutlivesItsRecords() throws {
        func produce(_ sequence: Int32) throws -> PartitionLog.Appended {
            let bytes = try keyed([("a", "\(sequence)")], producerID: 7, sequence: sequence)
            return try self.log.append(try parsed(bytes), leaderEpoch: 0, now: 0)
        }
        try (0..<3).forEach { _ = try produce($0) }
        try self.append([("a", "other's")])
        try self.append([("b", "1")])
        self.log.compact(Self.settings(), now: 5000)
        #expect(try self.contents == ["3:a=other's", "4:b=1"])
        // After the loss of the log's end, the producers are known only by the log.
        self.log.truncate(to: 4)
        #expect(try produce(2).isDuplicate)
        #expect(throws: BrokerError.self) { try produce(4) }
        #expect(try produce(3).baseOffset == 4)
    }

    @Test func controlBatchesStay() throws {
        try self.append([("a", "1")])
        try self.append([("a", "marker")], isControl: true)
        try self.append([("a", "2")])
        self.log.compact(Self.settings(), now: 5000)
        #expect(self.log.entriesWithBatches.map(\.batch.isControl) == [true, false])
        #expect(self.log.entriesWithBatches.map(\.batch.baseOffset) == [1, 2])
        #expect(self.log.recordCount == 1)
    }

    @Test func recordsOfAbortedTransactionsAreRemovedAndReplaceNone() throws {
        func end(_ kind: ControlRecord.Kind) throws {
            _ = try self.log.appendMarker(
                ControlRecord(kind: kind, coordinatorEpoch: 0), .init(id: 7, epoch: 0), leaderEpoch: 0, now: 1000)
        }
        func append(_ value: String, sequence: Int32) throws {
            let bytes = try keyed([("a", value)], producerID: 7, sequence: sequence, isTransactional: true)
            _ = try self.log.append(try parsed(bytes), leaderEpoch: 0, now: 0)
        }
        try append("committed", sequence: 0)
        try end(.commit)
        try append("aborted", sequence: 1)
        try end(.abort)
        try append("open", sequence: 2)
        self.log.compact(Self.settings(), now: 5000)
        #expect(try self.contents == ["0:a=committed", "4:a=open"])
        try end(.commit)
        self.log.compact(Self.settings(), now: 5000)
        #expect(try self.contents == ["4:a=open"])
    }

    @Test func recordsYoungerThanTheLagAreNotCompacted() throws {
        try self.append([("a", "1")], timestamp: 1000)
        try self.append([("a", "2")], timestamp: 1500)
        try self.append([("a", "3")], timestamp: 2000)
        self.log.compact(Self.settings(["min.compaction.lag.ms": "500"]), now: 2100)
        #expect(try self.contents == ["1:a=2", "2:a=3"])
    }

    @Test func theDirtyRatioAndTheLongestLagDecideWhenCompactionRuns() throws {
        let settings = Self.settings(["min.cleanable.dirty.ratio": "0.5", "max.compaction.lag.ms": "1000"])
        for _ in 0..<10 { try self.append([("a", "1")], timestamp: 1000) }
        #expect(self.log.needsCompaction(settings, now: 1000))
        self.log.compact(Self.settings(["min.compaction.lag.ms": "1"]), now: 1001)
        #expect(!self.log.needsCompaction(settings, now: 1001))
        for key in ["b", "c", "d"] { try self.append([(key, "1")], timestamp: 2000) }
        self.log.compact(settings, now: 2000)
        // One of five batches is new.
        try self.append([("e", "1")], timestamp: 3000)
        #expect(!self.log.needsCompaction(settings, now: 4000))
        #expect(self.log.needsCompaction(settings, now: 4001))
    }

    @Test func recordsThatAreOlderThanTheRetentionTimeExpireBatchByBatch() throws {
        for timestamp: Int64 in [1000, 3000, 2000, 4000] {
            try self.append([("a", "\(timestamp)")], timestamp: timestamp)
        }
        #expect(!self.log.expire(before: 1000))
        #expect(self.log.expire(before: 1001))
        #expect(self.log.startOffset == 1)
        // Offset 2 is older, but in a log only the beginning can go.
        #expect(!self.log.expire(before: 2500))
        #expect(self.log.expire(before: 5000))
        #expect(self.log.startOffset == 4)
        #expect(self.log.endOffset == 4)
    }

    @Test(arguments: 0..<20) func aRandomLogIsCompactedLikeAMap(seed: Int) throws {
        var random = SeededRandom(UInt64(seed))
        var latest: [String: Int64] = [:]
        var written: [Int64: String] = [:]
        var now: Int64 = 10_000
        for _ in 0..<200 {
            if Int.random(in: 0..<8, using: &random) == 0 {
                self.log.compact(Self.settings(["delete.retention.ms": "100"]), now: now)
                now += Int64.random(in: 0..<100, using: &random)
                continue
            }
            let records: [(String, String?)] = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                let key = "\(Int.random(in: 0..<12, using: &random))"
                return (key, Bool.random(using: &random) ? "\(random.next())" : nil)
            }
            let appended = try self.append(
                records, timestamp: now,
                compression: Bool.random(using: &random) ? .gzip : .none)
            for (index, record) in records.enumerated() {
                let offset = appended.baseOffset + Int64(index)
                latest[record.0] = offset
                written[offset] = "\(offset):\(record.0)=\(record.1 ?? "nil")"
            }
        }
        let end = self.log.endOffset
        self.log.compact(Self.settings(["delete.retention.ms": "100"]), now: now)
        self.log.compact(Self.settings(["delete.retention.ms": "100"]), now: now + 100)
        let expected = latest.values.sorted().compactMap { written[$0] }.filter { !$0.hasSuffix("=nil") }
        #expect(try self.contents == expected)
        #expect(self.log.endOffset == end)
        for offset in 0..<end {
            let slices = try self.log.read(from: offset, maxBytes: .max, atLeastOneBatch: true, before: end)
            let batch = try parsed(joined(slices))
            #expect(batch.lastOffset >= offset)
        }
        #expect(self.log.recordCount == expected.count)
    }
}

/// Returns a batch of records with keys. A nil value is a tombstone.
func keyed(
    _ records: [(String, String?)], timestamp: Int64 = 1000, compression: Compression = .none,
    producerID: Int64 = -1, sequence: Int32 = -1, isTransactional: Bool = false
) throws -> Bytes {
    var builder = RecordBatchBuilder()
    for (key, value) in records {
        _ = try builder.append(
            key: Bytes(key), value: value.map { Bytes($0) }, headers: [], timestamp: timestamp, limit: .max)
    }
    try builder.close(compression: compression)
    return joined(
        builder.finish(
            producerID: producerID, producerEpoch: producerID < 0 ? -1 : 0, baseSequence: sequence,
            isTransactional: isTransactional))
}

func text(_ bytes: Bytes?) -> String {
    bytes.map { String(decoding: $0, as: UTF8.self) } ?? "nil"
}
