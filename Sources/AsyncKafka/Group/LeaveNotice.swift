// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The content of the request with which a member leaves.
struct LeaveNotice: Hashable, Sendable {
    var memberID: String
    var reason: String
    /// Whether the member is removed. Otherwise it is a static member of the consumer protocol, whose partitions are kept for it.
    var isForGood = true
}
