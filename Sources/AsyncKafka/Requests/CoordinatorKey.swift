// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// What a coordinator coordinates.
enum CoordinatorKind: Int8, Hashable, Sendable {
    case group = 0
    case transaction = 1
}

/// A group or transactional id that a broker coordinates.
struct CoordinatorKey: Hashable, Sendable {
    var kind: CoordinatorKind
    var name: String
}
