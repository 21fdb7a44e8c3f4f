// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

/// The record of a control batch: a marker that Kafka writes to the log, for example at the end of a transaction.
///
/// It takes an offset but is never returned to users.
package struct ControlRecord: Hashable, Sendable {
    /// The kind of marker. KRaft has more kinds than those named here.
    package struct Kind: RawRepresentable, Hashable, Sendable {
        package var rawValue: Int16

        package init(rawValue: Int16) {
            self.rawValue = rawValue
        }

        /// The producer's transaction was aborted, so its records before the marker are discarded.
        package static let abort = Kind(rawValue: 0)
        /// The producer's transaction was committed.
        package static let commit = Kind(rawValue: 1)
    }

    /// The kind of marker.
    package var kind: Kind
    /// The epoch of the transaction coordinator that wrote the marker, or nil for other kinds.
    package var coordinatorEpoch: Int32?

    package init(kind: Kind, coordinatorEpoch: Int32?) {
        self.kind = kind
        self.coordinatorEpoch = coordinatorEpoch
    }

    /// Decodes a record of a control batch.
    ///
    /// The key is a version and the kind. The value of abort and commit markers is a version and the coordinator's
    /// epoch. Newer versions may append fields, which are ignored.
    package init(_ record: RecordView, in records: RecordSequence) throws(RecordBatchError) {
        do {
            guard let key = records.key(of: record) else { throw ProtocolError.unexpectedNull(field: "key") }
            var reader = ByteReader(key)
            let version = try reader.readInt16()
            guard version >= 0 else { throw ProtocolError.malformed("version \(version)") }
            self.kind = Kind(rawValue: try reader.readInt16())
            self.coordinatorEpoch = nil
            if self.kind == .abort || self.kind == .commit, let value = records.value(of: record) {
                var reader = ByteReader(value)
                _ = try reader.readInt16()
                self.coordinatorEpoch = try reader.readInt32()
            }
        } catch {
            throw RecordBatchError(.malformed("its control record is wrong: \(error)"), baseOffset: record.offset)
        }
    }

    /// Returns a control batch with this marker, as a broker writes it to its log.
    package func batch(
        baseOffset: Int64, partitionLeaderEpoch: Int32, producerID: Int64, producerEpoch: Int16, timestamp: Int64
    ) -> Bytes {
        var key = ByteWriter(capacity: 4)
        key.writeInt16(0)
        key.writeInt16(self.kind.rawValue)
        var value = ByteWriter(capacity: 6)
        value.writeInt16(0)
        value.writeInt32(self.coordinatorEpoch ?? 0)
        let keyBytes = key.finishContiguous()
        let valueBytes = value.finishContiguous()
        let encoding = RecordEncoding(key: keyBytes, value: valueBytes, headers: [], timestampDelta: 0, offsetDelta: 0)
        let storage = ByteStorage(minimumCapacity: RecordBatchHeader.size + encoding.size)
        let records = storage.base + RecordBatchHeader.size
        encoding.write(key: keyBytes, value: valueBytes, headers: [], timestampDelta: 0, offsetDelta: 0, to: records)
        RecordBatchHeader.Fields(
            baseOffset: baseOffset, partitionLeaderEpoch: partitionLeaderEpoch,
            attributes: RecordBatchHeader.Attribute.control | RecordBatchHeader.Attribute.transactional,
            lastOffsetDelta: 0, baseTimestamp: timestamp, maxTimestamp: timestamp, producerID: producerID,
            producerEpoch: producerEpoch, count: 1
        ).write(to: storage.base, records: UnsafeRawBufferPointer(start: records, count: encoding.size))
        return Bytes(storage: storage, offset: 0, count: RecordBatchHeader.size + encoding.size)
    }
}
