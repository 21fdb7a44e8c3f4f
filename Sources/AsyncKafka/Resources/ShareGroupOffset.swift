// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The offset of a share group in a partition (KIP-932).
public struct ShareGroupOffset: Hashable, Sendable {
    /// The start of the group's records: all earlier ones are acknowledged or archived.
    public var startOffset: Int64
    /// The leader epoch of the partition. Nil if the broker doesn't know it.
    public var leaderEpoch: Int32?
    /// The number of records that the group has still to deliver. Nil if the broker doesn't know it, or below Kafka 4.2.
    public var lag: Int64?
}

extension ShareGroupOffset: CustomStringConvertible {
    /// The offset and what is known, such as `17 (lag 3)`.
    public var description: String {
        let parts = [self.leaderEpoch.map { "leader epoch \($0)" }, self.lag.map { "lag \($0)" }].compactMap(\.self)
        return parts.isEmpty ? "\(self.startOffset)" : "\(self.startOffset) (\(parts.joined(separator: ", ")))"
    }
}
