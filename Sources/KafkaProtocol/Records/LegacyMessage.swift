// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// A message in a format from before Kafka 0.11 (magic 0 or 1). The value of a compressed message is a message set.
struct LegacyMessage {
    /// The size of the offset, length, checksum, magic, attributes and two null fields.
    static let smallestSize = 8 + 4 + 4 + 1 + 1 + 4 + 4
    static let checksumOffset = 12

    private static let codecBits: Int8 = 0x07
    private static let logAppendTimeBit: Int8 = 0x08

    let magic: Int8
    let offset: Int64
    let codecNumber: Int8
    let timestampType: TimestampType
    /// The timestamp, or -1 if the format has none (magic 0).
    let timestamp: Int64
    let key: Bytes?
    let value: Bytes?

    var isCompressed: Bool { self.codecNumber != 0 }

    /// Decodes exactly one message.
    init(_ bytes: Bytes) throws(RecordBatchError) {
        var reader = ByteReader(bytes)
        do {
            try self.init(from: &reader)
            try reader.finish()
        } catch {
            throw RecordBatchError(
                .malformed("a message's fields are wrong: \(error)"), baseOffset: Self.offset(of: bytes))
        }
    }

    private static func offset(of bytes: Bytes) -> Int64 {
        bytes.count >= 8 ? bytes.loadInteger(at: 0) : -1
    }

    private init(from reader: inout ByteReader) throws(ProtocolError) {
        self.offset = try reader.readInt64()
        let length = try reader.readInt32()
        let start = reader.position
        guard self.offset >= 0, self.offset < Int64.max else { throw .malformed("the offset is \(self.offset)") }
        _ = try reader.readUInt32()
        self.magic = try reader.readInt8()
        guard self.magic == 0 || self.magic == 1 else { throw .malformed("the magic is \(self.magic)") }
        let attributes = try reader.readInt8()
        self.codecNumber = attributes & Self.codecBits
        self.timestampType =
            self.magic == 1 && attributes & Self.logAppendTimeBit != 0 ? .logAppendTime : .createTime
        self.timestamp = self.magic == 1 ? try reader.readInt64() : -1
        self.key = try reader.readNullableBytes(flexible: false)
        self.value = try reader.readNullableBytes(flexible: false)
        guard reader.position - start == length else { throw .malformed("the length is \(length)") }
    }

    /// Returns the message or the messages inside in the layout of magic 2, so that all records are read the same way.
    func records(decompressionLimit: Int) throws -> RecordSequence {
        guard self.isCompressed else {
            var writer = SetWriter()
            writer.measure(self)
            try writer.begin()
            writer.write(self)
            return try writer.sequence(shift: 0, lastOffset: self.offset, logAppendTime: nil)
        }
        guard let codec = CompressionCodec(rawValue: self.codecNumber) else {
            throw CompressionError.unknownCodec(self.codecNumber)
        }
        guard let compressed = self.value else { throw ProtocolError.malformed("a compressed message set is null") }
        let plain = try codec.decompress(
            codec == .lz4 ? LZ4HeaderChecksum.repaired(compressed) : compressed,
            limit: min(decompressionLimit, Int(Int32.max)))

        // A set can hold very many messages of a few bytes each. Instead of storing them, read them twice: once to
        // measure them and once to write them.
        var writer = SetWriter()
        try self.forEachMessage(in: plain) { writer.measure($0) }
        guard let lastOffset = writer.lastOffset else {
            throw ProtocolError.malformed("a compressed message set is empty")
        }
        try writer.begin()
        try self.forEachMessage(in: plain) { writer.write($0) }
        // In magic 1 the inner offsets count from zero and the outer offset is the last record's. Neither is negative,
        // so the difference doesn't overflow.
        return try writer.sequence(
            shift: self.magic == 1 ? self.offset - lastOffset : 0, lastOffset: self.offset,
            logAppendTime: self.timestampType == .logAppendTime ? self.timestamp : nil)
    }

    private func forEachMessage(in set: Bytes, _ body: (LegacyMessage) -> Void) throws(ProtocolError) {
        var reader = ByteReader(set)
        while reader.remaining > 0 {
            let message = try LegacyMessage(from: &reader)
            guard !message.isCompressed, message.magic == self.magic else {
                throw .malformed("a message set holds another, or messages of another format")
            }
            body(message)
        }
    }
}

/// A writer of a set's messages in the layout of magic 2, in which each takes less than in its own format.
///
/// It measures all messages first and writes them after that.
private struct SetWriter {
    private var first: LegacyMessage?
    private(set) var lastOffset: Int64?
    private var count = 0
    private var size = 0
    private var storage = ByteStorage.empty
    private var end = 0

    mutating func measure(_ message: LegacyMessage) {
        if self.first == nil { self.first = message }
        self.lastOffset = message.offset
        self.count += 1
        self.size += self.encoding(of: message).size
    }

    /// Allocates memory for the measured messages.
    mutating func begin() throws(ProtocolError) {
        guard self.size <= Int32.max else { throw .malformed("a message set is too large") }
        self.storage = ByteStorage(minimumCapacity: self.size)
    }

    /// Writes a message that has been measured.
    mutating func write(_ message: LegacyMessage) {
        let encoding = self.encoding(of: message)
        guard self.end + encoding.size <= self.size else { return }
        encoding.write(
            key: message.key, value: message.value, headers: [], timestampDelta: self.timestampDelta(of: message),
            offsetDelta: self.offsetDelta(of: message), to: self.storage.base + self.end)
        self.end += encoding.size
    }

    private func encoding(of message: LegacyMessage) -> RecordEncoding {
        RecordEncoding(
            key: message.key, value: message.value, headers: [], timestampDelta: self.timestampDelta(of: message),
            offsetDelta: self.offsetDelta(of: message))
    }

    private func timestampDelta(of message: LegacyMessage) -> Int64 {
        message.timestamp &- (self.first?.timestamp ?? message.timestamp)
    }

    private func offsetDelta(of message: LegacyMessage) -> Int64 {
        // Neither offset is negative, so the difference doesn't overflow.
        message.offset - (self.first?.offset ?? message.offset)
    }

    func sequence(shift: Int64, lastOffset: Int64, logAppendTime: Int64?) throws(ProtocolError) -> RecordSequence {
        guard let first = self.first else { throw .malformed("a message set is empty") }
        let (baseOffset, isBeyond) = first.offset.addingReportingOverflow(shift)
        let lastDelta = lastOffset.subtractingReportingOverflow(baseOffset)
        guard !isBeyond, baseOffset >= 0, !lastDelta.overflow, lastDelta.partialValue >= 0,
            lastDelta.partialValue <= Int32.max
        else {
            throw .malformed("a message set begins at offset \(baseOffset) and ends at \(lastOffset)")
        }
        return RecordSequence(
            Bytes(storage: self.storage, offset: 0, count: self.end), count: self.count, baseOffset: baseOffset,
            lastOffsetDelta: lastDelta.partialValue, baseTimestamp: first.timestamp, logAppendTime: logAppendTime)
    }
}
