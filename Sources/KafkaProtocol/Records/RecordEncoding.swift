// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// The encoding of one record of a batch of magic 2.
///
/// It computes the exact size first, so that the caller checks the room once and the record is written without further
/// checks, in about ten nanoseconds.
struct RecordEncoding {
    /// The size of everything after the length field.
    let bodySize: Int
    /// The size including the length field.
    let size: Int

    @inline(__always)
    init(key: Bytes?, value: Bytes?, headers: [RecordHeader], timestampDelta: Int64, offsetDelta: Int64) {
        // The sums can't overflow, because the counts are those of bytes in memory.
        var body = 1 &+ RecordVarint.size(timestampDelta) &+ RecordVarint.size(offsetDelta)
        body &+= Self.size(ofLength: key?.count) &+ Self.size(ofLength: value?.count)
        body &+= headers.isEmpty ? 1 : Self.size(of: headers)
        self.bodySize = body
        self.size = body &+ RecordVarint.size(Int64(body))
    }

    /// Returns the size of a length field and that many bytes.
    @inline(__always)
    private static func size(ofLength count: Int?) -> Int {
        guard let count else { return 1 }
        return RecordVarint.size(Int64(count)) &+ count
    }

    @inline(never)
    private static func size(of headers: [RecordHeader]) -> Int {
        headers.reduce(RecordVarint.size(Int64(headers.count))) { sum, header in
            sum + self.size(ofLength: header.key.utf8.count) + self.size(ofLength: header.value?.count)
        }
    }

    /// Writes the record to `target`, which must have room for `size` bytes. The arguments must be those of `init`.
    @inline(__always)
    func write(
        key: Bytes?, value: Bytes?, headers: [RecordHeader], timestampDelta: Int64, offsetDelta: Int64,
        to target: UnsafeMutableRawPointer
    ) {
        var target = target
        RecordVarint.write(Int64(self.bodySize), to: &target)
        target.storeBytes(of: 0, as: UInt8.self)
        target += 1
        RecordVarint.write(timestampDelta, to: &target)
        RecordVarint.write(offsetDelta, to: &target)
        Self.write(key, to: &target)
        Self.write(value, to: &target)
        if headers.isEmpty {
            target.storeBytes(of: 0, as: UInt8.self)
        } else {
            Self.write(headers, to: target)
        }
    }

    @inline(__always)
    private static func write(_ bytes: Bytes?, to target: inout UnsafeMutableRawPointer) {
        guard let bytes else {
            RecordVarint.write(-1, to: &target)
            return
        }
        RecordVarint.write(Int64(bytes.count), to: &target)
        let source = bytes.storage.base
        target.copyMemory(from: source + bytes.offset, byteCount: bytes.count)
        target += bytes.count
    }

    @inline(never)
    private static func write(_ headers: [RecordHeader], to start: UnsafeMutableRawPointer) {
        var target = start
        RecordVarint.write(Int64(headers.count), to: &target)
        for header in headers {
            let count = header.key.utf8.count
            RecordVarint.write(Int64(count), to: &target)
            UnsafeMutableRawBufferPointer(start: target, count: count).copyBytes(from: header.key.utf8)
            target += count
            self.write(header.value, to: &target)
        }
    }
}
