// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// Kafka's restrictions on LZ4 streams, which clients' libraries don't have: a single frame of independent blocks.
enum KafkaLZ4 {
    private static let headerSize = 7
    private static let contentSize: UInt8 = 0x08
    private static let blockChecksum: UInt8 = 0x10
    private static let independentBlocks: UInt8 = 0x20

    /// Returns the batch as Kafka reads it, with only the first frame of its records.
    static func firstFrame(of batch: RecordBatch) throws(BrokerError) -> RecordBatch {
        let body = batch.bytes[RecordBatchBuilder.headerSize...]
        let end = try self.endOfFirstFrame(body[...])
        if end == body.count { return batch }
        let length = Int32(truncatingIfNeeded: RecordBatchBuilder.headerSize + end - 12)
        var bytes = Array(batch.bytes[..<(RecordBatchBuilder.headerSize + end)])
        withUnsafeBytes(of: length.bigEndian) { bytes.replaceSubrange(8..<12, with: $0) }
        var reader = RecordBatchReader(Bytes(bytes))
        do throws(RecordBatchError) {
            if let shorter = try reader.next() { return shorter }
        } catch {
            throw BrokerError(.invalidRecord, "\(error)")
        }
        throw self.unreadable("its first frame holds no records")
    }

    /// Returns the end of the first frame, without decompressing its blocks.
    private static func endOfFirstFrame(_ bytes: Bytes) throws(BrokerError) -> Int {
        guard bytes.count >= self.headerSize, bytes[..<4] == [0x04, 0x22, 0x4d, 0x18] else {
            throw self.unreadable("it does not begin with a frame")
        }
        let flags = bytes[4]
        let descriptor = bytes[5]
        guard flags >> 6 == 1, flags & 0x03 == 0, descriptor & 0x8f == 0, descriptor >> 4 >= 4 else {
            throw self.unreadable("its header has bits that Kafka does not know")
        }
        guard flags & self.independentBlocks != 0 else { throw self.unreadable("its blocks depend on each other") }
        let headerEnd = self.headerSize - 1 + (flags & self.contentSize != 0 ? 8 : 0)
        guard bytes.count > headerEnd, LZ4HeaderChecksum.repaired(bytes[...headerEnd])[headerEnd] == bytes[headerEnd]
        else {
            throw self.unreadable("its header's checksum is wrong")
        }
        let largest = 1 << (8 + 2 * Int(descriptor >> 4))
        var position = headerEnd + 1
        while true {
            guard let word = self.word(of: bytes, at: position) else { throw self.unreadable("it ends too early") }
            position += 4
            let size = Int(word & 0x7fff_ffff)
            // The optional checksum of the content is skipped.
            if size == 0 { return min(position + (flags & 0x04 != 0 ? 4 : 0), bytes.count) }
            guard size <= largest else { throw self.unreadable("a block is larger than its header allows") }
            position += size + (flags & self.blockChecksum != 0 ? 4 : 0)
        }
    }

    private static func word(of bytes: Bytes, at position: Int) -> UInt32? {
        guard position + 4 <= bytes.count else { return nil }
        return bytes[position..<position + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func unreadable(_ reason: String) -> BrokerError {
        BrokerError(.unknownServerError, "Kafka can't read the LZ4 stream: \(reason).")
    }
}
