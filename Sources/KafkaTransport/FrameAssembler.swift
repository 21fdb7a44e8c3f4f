// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

/// Splits a stream of bytes into frames: a 32-bit big-endian length, then that many bytes.
///
/// Small frames are copied out of a staging buffer that holds many of them. A large frame is received directly into its
/// own storage, which grows with the bytes received, not by the announced length. A pure value: the channel does the
/// reading.
package struct FrameAssembler {
    private let limit: Int
    private let staging = ByteStorage(minimumCapacity: Self.stagingSize)
    /// The range of `staging` that has not been returned.
    private var start = 0
    private var end = 0
    /// The current frame if it is too large for the staging buffer.
    private var large: LargeFrame?

    private struct LargeFrame {
        var storage: ByteStorage
        var filled: Int
        let length: Int
    }

    private static let stagingSize = 64 << 10
    /// The bytes to allocate for a frame before its content arrives. It is more for a peer that has sent larger frames
    /// before, so that bulk reading copies nothing.
    private static let trustedLength = 1 << 20
    private var largestReceived = 0
    private var hasReceivedFrames = false

    /// Creates an assembler that rejects frames longer than `limit` bytes.
    package init(limit: Int) {
        self.limit = limit
    }

    /// Returns the buffer for the next bytes.
    package mutating func receiveBuffer() -> UnsafeMutableRawBufferPointer {
        if var frame = self.large {
            if frame.filled == frame.storage.capacity {
                let larger = Self.storage(min(frame.length, 2 * frame.storage.capacity), of: frame.length)
                larger.base.copyMemory(from: frame.storage.base, byteCount: frame.filled)
                frame.storage = larger
                self.large = frame
            }
            let room = min(frame.length, frame.storage.capacity) - frame.filled
            return UnsafeMutableRawBufferPointer(start: frame.storage.base + frame.filled, count: room)
        }
        return UnsafeMutableRawBufferPointer(
            start: self.staging.base + self.end, count: self.staging.capacity - self.end)
    }

    /// Accepts `count` bytes in the receive buffer, and calls `body` with each complete frame.
    package mutating func received(_ count: Int, _ body: (Bytes) -> Void) throws(TransportError) {
        if var frame = self.large {
            frame.filled += count
            guard frame.filled == frame.length else {
                self.large = frame
                return
            }
            self.large = nil
            self.largestReceived = max(self.largestReceived, frame.length)
            self.hasReceivedFrames = true
            body(Bytes(storage: frame.storage, offset: 0, count: frame.length))
            return
        }
        self.end += count
        while self.end - self.start >= 4 {
            let length = Int(
                Int32(bigEndian: self.staging.base.loadUnaligned(fromByteOffset: self.start, as: Int32.self)))
            guard length >= 0, length <= self.limit else {
                let shown = UnsafeRawBufferPointer(
                    start: self.staging.base + self.start, count: min(16, self.end - self.start))
                if self.hasReceivedFrames, length > self.limit, !Self.isOfAnotherProtocol(shown) {
                    throw .frameAboveLimit(length: length, limit: self.limit)
                }
                throw .frameTooLarge(length: length, limit: self.limit, firstBytes: Array(shown))
            }
            let arrived = self.end - self.start - 4
            if arrived >= length {
                let from = UnsafeRawBufferPointer(start: self.staging.base + self.start + 4, count: length)
                self.start += 4 + length
                self.hasReceivedFrames = true
                body(Bytes(copying: from))
            } else if 4 + length > self.staging.capacity - self.start, 4 + length > self.staging.capacity / 2 {
                self.beginLargeFrame(length: length, arrived: arrived)
                return
            } else {
                break
            }
        }
        self.compact()
    }

    /// Returns whether the bytes are a TLS alert or HTTP, which proxies send even in the middle of a connection.
    private static func isOfAnotherProtocol(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.starts(with: [0x15, 0x03]) || bytes.starts(with: Array("HTTP".utf8))
    }

    /// Creates storage for the beginning of a frame, or for all of it.
    private static func storage(_ count: Int, of length: Int) -> ByteStorage {
        ByteStorage(minimumCapacity: count, isPooled: count == length)
    }

    private mutating func beginLargeFrame(length: Int, arrived: Int) {
        let storage = Self.storage(min(length, max(Self.trustedLength, self.largestReceived)), of: length)
        storage.base.copyMemory(from: self.staging.base + self.start + 4, byteCount: arrived)
        self.large = LargeFrame(storage: storage, filled: arrived, length: length)
        self.start = 0
        self.end = 0
    }

    /// Moves the beginning of a frame to the front if the rest would not fit after it.
    private mutating func compact() {
        if self.start == self.end {
            self.start = 0
            self.end = 0
        } else if self.staging.capacity - self.end < self.staging.capacity / 2 {
            let count = self.end - self.start
            self.staging.base.copyMemory(from: self.staging.base + self.start, byteCount: count)
            self.start = 0
            self.end = count
        }
    }
}
