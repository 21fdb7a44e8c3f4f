// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import CZlib

/// CRC-32, as in zip and Ethernet: the checksum of legacy messages (magic 0 and 1).
package enum CRC32 {
    /// Returns the checksum of `bytes`.
    package static func checksum(of bytes: UnsafeRawBufferPointer) -> UInt32 {
        UInt32(truncatingIfNeeded: crc32_z(0, bytes.assumingMemoryBound(to: UInt8.self).baseAddress, bytes.count))
    }
}
