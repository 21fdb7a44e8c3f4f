// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Whether racks matter when partitions are distributed (KIP-881).
enum RackAwareness {
    /// Racks matter if some member shares a rack with a replica, and not all partitions are in the same racks.
    static func isUseful(members: Set<String>, partitions: some Sequence<Set<String>>) -> Bool {
        guard !members.isEmpty else { return false }
        let all = partitions.reduce(into: Set<String>()) { $0.formUnion($1) }
        return !all.isDisjoint(with: members) && !partitions.allSatisfy { $0 == all }
    }
}

extension GroupMemberSubscription {
    /// The member's rack; nil if it is unknown or empty.
    var knownRack: String? { self.rack.flatMap { $0.isEmpty ? nil : $0 } }
}
