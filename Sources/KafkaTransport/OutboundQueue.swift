// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The bytes to send: slices in order, the first of which may be partly written.
struct OutboundQueue {
    private var slices = Deque<Bytes>()
    /// The number of bytes of the first slice that are written.
    private var skipped = 0
    private(set) var byteCount = 0

    /// The maximum number of pieces per system call. More than some tens gain nothing.
    private static let piecesAtOnce = 64

    var isEmpty: Bool { self.slices.isEmpty }

    mutating func append(_ slice: Bytes) {
        guard !slice.isEmpty else { return }
        self.slices.append(slice)
        self.byteCount += slice.count
    }

    /// Calls `body` with the first pieces and their total size.
    func withPieces<Result>(_ body: (UnsafeMutableBufferPointer<iovec>, Int) -> Result) -> Result {
        let count = min(self.slices.count, Self.piecesAtOnce)
        return withUnsafeTemporaryAllocation(of: iovec.self, capacity: count) { pieces in
            var sum = 0
            for index in 0..<count {
                let slice = self.slices[index]
                let skip = index == 0 ? self.skipped : 0
                let piece = iovec(iov_base: slice.storage.base + slice.offset + skip, iov_len: slice.count - skip)
                pieces.initializeElement(at: index, to: piece)
                sum += slice.count - skip
            }
            return body(pieces, sum)
        }
    }

    /// Removes written bytes from the front.
    mutating func consume(_ count: Int) {
        self.byteCount -= count
        var rest = self.skipped + count
        while let first = self.slices.first, rest >= first.count {
            rest -= first.count
            _ = self.slices.popFirst()
        }
        self.skipped = rest
    }
}
