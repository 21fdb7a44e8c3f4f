// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A committed position: the **next** offset to read, and a note to go with it.
public struct OffsetAndMetadata: Hashable, Sendable {
    /// The offset of the next record to read: one more than that of the last record processed.
    public var offset: Int64
    /// The leader epoch of the last record processed, if known. Lets Kafka tell that a log was truncated (KIP-320).
    public var leaderEpoch: Int32?
    /// Text kept with the offset in Kafka, at most 4096 bytes unless the brokers are set otherwise.
    public var metadata: String

    /// A position to commit.
    public init(offset: Int64, leaderEpoch: Int32? = nil, metadata: String = "") {
        self.offset = offset
        self.leaderEpoch = leaderEpoch
        self.metadata = metadata
    }
}
