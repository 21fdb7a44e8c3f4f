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
    var request: Request

    enum Request: Hashable, Sendable {
        /// LeaveGroup, of a classic member.
        case leaveGroup
        /// A heartbeat of a member in the consumer protocol. If the member doesn't leave for good, it is a static one, whose
        /// partitions are kept for it.
        case heartbeat(isForGood: Bool)
    }
}
