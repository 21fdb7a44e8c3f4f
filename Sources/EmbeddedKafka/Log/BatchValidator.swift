// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// Validates produced batches as Kafka does before appending them.
enum BatchValidator {
    /// Decodes the records of one partition in a Produce request, which must be exactly one batch.
    static func batch(_ bytes: Bytes, produceVersion: Int16) throws(BrokerError) -> RecordBatch {
        var reader = RecordBatchReader(bytes)
        let batch: RecordBatch?
        do throws(RecordBatchError) {
            batch = try reader.next()
        } catch {
            throw BrokerError(.corruptMessage, "\(error)")
        }
        guard let batch else { throw BrokerError(.corruptMessage, "The records are no whole record batch.") }
        guard batch.magic == 2 else {
            throw BrokerError(.invalidRecord, "The records have format \(batch.magic); Produce takes format 2 only.")
        }
        guard reader.consumedByteCount == bytes.count else {
            throw BrokerError(.invalidRecord, "A partition's records must be exactly one batch.")
        }
        if produceVersion < 7, batch.codec == .zstd {
            throw BrokerError(
                .unsupportedCompressionType, "Produce takes zstd from version 7 on, and this is \(produceVersion).")
        }
        return batch
    }

    /// Validates the batch and each of its records. `now` is in milliseconds since 1970.
    static func check(_ batch: RecordBatch, _ settings: LogSettings, now: Int64) throws(BrokerError) {
        do throws(RecordBatchError) {
            try batch.validateChecksum()
        } catch {
            throw BrokerError(.corruptMessage, "\(error)")
        }
        let offsets = batch.nextOffset - batch.baseOffset
        guard let count = batch.count, count > 0, Int64(count) == offsets else {
            throw BrokerError(
                .invalidRecord, "The batch has \(batch.count ?? 0) records, and its offsets are of \(offsets).")
        }
        guard !batch.isControl else { throw BrokerError(.invalidRecord, "Clients may not write control batches.") }
        guard batch.producerID < 0 || (batch.baseSequence >= 0 && batch.producerEpoch >= 0) else {
            throw BrokerError(
                .invalidRecord,
                "Producer \(batch.producerID) sent epoch \(batch.producerEpoch), sequence \(batch.baseSequence).")
        }
        let ahead = settings.maxTimestampAfter
        let (latest, overflow) = now.addingReportingOverflow(ahead)
        guard settings.usesLogAppendTime || overflow || batch.maxTimestamp <= latest else {
            throw BrokerError(
                .invalidTimestamp, "A timestamp is \(batch.maxTimestamp), more than \(ahead) ms after now (\(now)).")
        }
        try self.checkRecords(batch.codec == .lz4 ? try KafkaLZ4.firstFrame(of: batch) : batch, settings, now: now)
    }

    private static func checkRecords(
        _ batch: RecordBatch, _ settings: LogSettings, now: Int64
    ) throws(BrokerError) {
        var withoutKey: [Int32: String] = [:]
        var tooOld: [Int32: String] = [:]
        let (earliest, underflow) = now.subtractingReportingOverflow(settings.maxTimestampBefore)
        let checksAge = !settings.usesLogAppendTime && !underflow && earliest > 0
        do throws(RecordBatchError) {
            let records = try batch.records()
            var iterator = records.makeIterator()
            var expected = batch.baseOffset
            while let record = try iterator.next() {
                guard record.offset == expected else {
                    throw RecordBatchError(.malformed("record \(expected) has offset \(record.offset)"))
                }
                let index = Int32(truncatingIfNeeded: expected - batch.baseOffset)
                if settings.isCompacted, records.key(of: record) == nil {
                    withoutKey[index] = "The topic is compacted: it takes no record without a key."
                }
                if checksAge, record.timestamp != -1, record.timestamp < earliest {
                    tooOld[index] =
                        "The timestamp is \(record.timestamp), more than \(settings.maxTimestampBefore) ms before now."
                }
                expected += 1
            }
        } catch {
            // Records can't be checked if the build doesn't include their codec. The consumer will check them.
            if case .compression(.unavailable) = error.reason { return }
            // Kafka reports failures of its codecs as an unknown error.
            if case .compression = error.reason { throw BrokerError(.unknownServerError, "\(error)") }
            throw BrokerError(.invalidRecord, "\(error)")
        }
        guard withoutKey.isEmpty else {
            throw BrokerError(
                .invalidRecord, "\(withoutKey.count) records have no key, and the topic is compacted.",
                records: withoutKey)
        }
        guard tooOld.isEmpty else {
            throw BrokerError(
                .invalidTimestamp,
                "\(tooOld.count) records are older than \(settings.maxTimestampBefore) ms, as the topic permits.",
                records: tooOld)
        }
    }
}
