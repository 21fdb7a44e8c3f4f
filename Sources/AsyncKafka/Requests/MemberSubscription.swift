// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// What a member of a consumer group (KIP-848) subscribes to.
enum MemberSubscription: Hashable, Sendable {
    case topics(Set<String>)
    /// A regular expression that the coordinator evaluates.
    case expression(String)
}
