// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// An error in reading records from a batch or adding them to one.
package struct RecordBatchError: Error, Hashable, Sendable {
    package enum Reason: Hashable, Sendable {
        /// The stored checksum differs from that of the bytes.
        case checksumMismatch(stored: UInt32, computed: UInt32)
        /// A length, count or offset contradicts the format.
        case malformed(String)
        /// The format is newer than this library knows.
        case unsupportedMagic(Int8)
        /// The records can't be compressed or decompressed.
        case compression(CompressionError)
        /// A record has more bytes than any batch can hold.
        case recordTooLarge(Int)
    }

    /// The reason for the error.
    package var reason: Reason
    /// The first offset of the batch, or -1 if it has none yet.
    package var baseOffset: Int64

    package init(_ reason: Reason, baseOffset: Int64 = -1) {
        self.reason = reason
        self.baseOffset = baseOffset
    }
}

extension RecordBatchError: CustomStringConvertible {
    package var description: String {
        let reason =
            switch self.reason {
            case .checksumMismatch(let stored, let computed):
                "its checksum is \(stored), but that of its bytes is \(computed)"
            case .malformed(let reason): reason
            case .unsupportedMagic(let magic): "its format has the number \(magic), which is not known"
            case .compression(let error): "\(error)"
            case .recordTooLarge(let size): "a record of \(size) bytes fits into no batch"
            }
        return self.baseOffset < 0 ? "record batch: \(reason)" : "record batch at offset \(self.baseOffset): \(reason)"
    }
}
