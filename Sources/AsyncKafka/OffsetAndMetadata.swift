// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// An offset to commit or a committed offset: the **next** offset to read, with optional metadata.
public struct OffsetAndMetadata: Hashable, Sendable {
    /// The offset of the next record to read: the last processed offset plus one.
    public var offset: Int64
    /// The leader epoch of the last processed record, if known. Kafka uses it to detect log truncation (KIP-320).
    public var leaderEpoch: Int32?
    /// Text stored with the offset, of at most 4096 bytes unless the brokers' `offset.metadata.max.bytes` is different.
    public var metadata: String

    /// Creates an offset to commit.
    public init(offset: Int64, leaderEpoch: Int32? = nil, metadata: String = "") {
        self.offset = offset
        self.leaderEpoch = leaderEpoch
        self.metadata = metadata
    }
}
