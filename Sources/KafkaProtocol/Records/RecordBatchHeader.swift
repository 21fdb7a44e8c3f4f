// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The layout of the 61 big-endian bytes before the records of a batch of magic 2.
enum RecordBatchHeader {
    static let size = 61
    /// The number of bytes before those that `batchLength` counts.
    static let lengthEnd = 12
    /// The first byte that the checksum covers. The leader epoch comes before it, so that a broker can set it.
    static let checksummed = 21

    enum Offset {
        static let baseOffset = 0
        static let batchLength = 8
        static let partitionLeaderEpoch = 12
        static let magic = 16
        static let checksum = 17
        static let attributes = 21
        static let lastOffsetDelta = 23
        static let baseTimestamp = 27
        static let maxTimestamp = 35
        static let producerID = 43
        static let producerEpoch = 51
        static let baseSequence = 53
        static let count = 57
    }

    enum Attribute {
        static let codec: Int16 = 0x07
        static let logAppendTime: Int16 = 0x08
        static let transactional: Int16 = 0x10
        static let control: Int16 = 0x20
    }

    /// The fields that the writer of a batch chooses.
    struct Fields {
        var baseOffset: Int64 = 0
        var partitionLeaderEpoch: Int32 = -1
        var attributes: Int16 = 0
        var lastOffsetDelta: Int32
        var baseTimestamp: Int64
        var maxTimestamp: Int64
        var producerID: Int64 = -1
        var producerEpoch: Int16 = -1
        var baseSequence: Int32 = -1
        var count: Int32

        /// Writes the header with its checksum to the 61 bytes at `target`. `records` are the records of the batch,
        /// which can be anywhere in memory.
        func write(to target: UnsafeMutableRawPointer, records: UnsafeRawBufferPointer) {
            func put<Integer: FixedWidthInteger>(_ value: Integer, at offset: Int) {
                target.storeBytes(of: value.bigEndian, toByteOffset: offset, as: Integer.self)
            }
            put(self.baseOffset, at: Offset.baseOffset)
            let length = RecordBatchHeader.size - RecordBatchHeader.lengthEnd + records.count
            put(Int32(truncatingIfNeeded: length), at: Offset.batchLength)
            put(self.partitionLeaderEpoch, at: Offset.partitionLeaderEpoch)
            put(2 as Int8, at: Offset.magic)
            put(self.attributes, at: Offset.attributes)
            put(self.lastOffsetDelta, at: Offset.lastOffsetDelta)
            put(self.baseTimestamp, at: Offset.baseTimestamp)
            put(self.maxTimestamp, at: Offset.maxTimestamp)
            put(self.producerID, at: Offset.producerID)
            put(self.producerEpoch, at: Offset.producerEpoch)
            put(self.baseSequence, at: Offset.baseSequence)
            put(self.count, at: Offset.count)

            let checksummed = UnsafeRawBufferPointer(
                start: target + RecordBatchHeader.checksummed,
                count: RecordBatchHeader.size - RecordBatchHeader.checksummed)
            put(
                CRC32C.checksum(of: records, continuing: CRC32C.checksum(of: checksummed)), at: Offset.checksum)
        }
    }
}
