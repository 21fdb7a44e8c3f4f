// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// An offset of a partition, as its leader has looked it up.
public struct ListedOffset: Hashable, Sendable {
    /// The offset.
    public var offset: Int64
    /// The timestamp of the record at the offset. Nil if the offset was looked up by its place in the log, not by a timestamp.
    public var timestamp: Timestamp?
    /// The leader epoch of the record at the offset. Nil if the broker doesn't know it.
    public var leaderEpoch: Int32?
}

extension ListedOffset: CustomStringConvertible {
    /// The offset and what is known, such as `17 (1700000000000 ms, leader epoch 2)`.
    public var description: String {
        let parts = [self.timestamp?.description, self.leaderEpoch.map { "leader epoch \($0)" }].compactMap(\.self)
        return parts.isEmpty ? "\(self.offset)" : "\(self.offset) (\(parts.joined(separator: ", ")))"
    }
}
