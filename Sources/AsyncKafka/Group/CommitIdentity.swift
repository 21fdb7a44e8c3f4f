// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Who commits offsets in a group: one of its members, or a consumer that chose its partitions by hand and is no member.
struct CommitIdentity: Hashable, Sendable {
    let group: String
    /// Empty until the coordinator has given one.
    var memberID = ""
    /// The generation that a classic group has the member in, the member's own epoch in a newer one (KIP-848). -1 for a
    /// consumer that is in none.
    var epoch: Int32 = -1
    var instanceID: String?

    /// Whether it commits as a member.
    var isMember: Bool { self.epoch >= 0 }
}
