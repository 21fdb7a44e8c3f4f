// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// What becomes of the membership in the group when the consumer closes (KIP-1092).
@nonexhaustive
public enum GroupMembershipOperation: Hashable, Sendable {
    /// A dynamic member leaves, so that others get its partitions at once. A static member remains until its session ends, so that
    /// it can return to its partitions without a rebalance.
    case `default`
    /// The member leaves, also if it is static.
    case leaveGroup
    /// The member remains until its session ends. Nobody reads its partitions until then, unless it is static and returns.
    case remainInGroup
}
