// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The topic in which Kafka stores the offsets of groups. This broker doesn't have it, but its partitions take part in
/// transactions.
enum OffsetsTopic {
    static let name = "__consumer_offsets"
    /// The default of Kafka's offsets.topic.num.partitions.
    private static let partitionCount: Int32 = 50

    /// Returns the partition of a group: by the hash of Java's strings.
    static func partition(of group: String) -> Int32 {
        let hash = group.utf16.reduce(0 as Int32) { 31 &* $0 &+ Int32($1) }
        return (hash == .min ? 0 : abs(hash)) % self.partitionCount
    }
}
