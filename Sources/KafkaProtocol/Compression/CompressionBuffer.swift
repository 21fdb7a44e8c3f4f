// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

package import KafkaMemory

/// The output of a codec: storage that grows as it fills, up to a limit.
package struct CompressionBuffer {
    private let codec: CompressionCodec
    /// The number of bytes to leave free at the start of the storage.
    private let headroom: Int
    /// The maximum number of bytes of output.
    package let limit: Int
    private var storage: ByteStorage
    /// The number of bytes written.
    package private(set) var count = 0

    /// Creates an empty buffer with room for `sizeHint` bytes, or for `limit` if that is less.
    package init(codec: CompressionCodec, headroom: Int = 0, sizeHint: Int, limit: Int) {
        self.codec = codec
        self.headroom = headroom
        self.limit = limit
        self.storage = ByteStorage(minimumCapacity: headroom + max(min(sizeHint, limit), 512) + 1)
    }

    /// Returns the memory that can be written now, at least `size` bytes. Call `advance(by:)` with what was written.
    ///
    /// One byte more than the limit can be written, so that exceeding it is detected.
    package mutating func free(atLeast size: Int = 1) throws(CompressionError) -> UnsafeMutableRawBufferPointer {
        guard self.count <= self.limit, size <= self.limit - self.count + 1 else {
            throw .limitExceeded(self.codec, limit: self.limit)
        }
        if self.headroom + self.count + size > self.storage.capacity { self.grow(by: size) }
        let end = self.headroom + self.count
        let room = min(self.storage.capacity - end, self.limit - self.count + 1)
        let base = self.storage.base
        return UnsafeMutableRawBufferPointer(start: base + end, count: room)
    }

    /// Marks `size` more bytes as written.
    package mutating func advance(by size: Int) {
        self.count += size
    }

    /// Discards what was written.
    package mutating func removeAll() {
        self.count = 0
    }

    private mutating func grow(by size: Int) {
        let end = self.headroom + self.count
        // Don't allocate more than can be used: doubling could allocate twice the limit.
        let most = self.headroom + self.limit + 1
        let larger = ByteStorage(minimumCapacity: max(end + size, min(2 * self.storage.capacity, most)))
        larger.base.copyMemory(from: self.storage.base, byteCount: end)
        self.storage = larger
    }

    /// Returns what was written. Throws if it exceeds the limit.
    package func finish() throws(CompressionError) -> Bytes {
        if self.count > self.limit { throw .limitExceeded(self.codec, limit: self.limit) }
        return Bytes(storage: self.storage, offset: self.headroom, count: self.count)
    }
}
