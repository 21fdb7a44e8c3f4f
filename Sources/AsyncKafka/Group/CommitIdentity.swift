// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The identity under which offsets are committed in a group: that of a member, or of a consumer with assigned partitions,
/// which isn't a member.
struct CommitIdentity: Hashable, Sendable {
    let group: String
    /// Empty until the coordinator has assigned one.
    var memberID = ""
    /// The member's generation in a classic group, or its own epoch in a consumer group (KIP-848). -1 if it has none.
    var epoch: Int32 = -1
    var instanceID: String?
    /// How many times the member had given up partitions when the commit was prepared. The epoch may change until it is made.
    var tenure = 0

    /// Whether the commit is one of a member.
    var isMember: Bool { self.epoch >= 0 }
}
