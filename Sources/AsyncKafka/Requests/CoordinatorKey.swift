// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The kind of thing that a coordinator manages.
enum CoordinatorKind: Int8, Hashable, Sendable {
    case group = 0
    case transaction = 1
}

/// The group id or transactional id that a coordinator manages.
struct CoordinatorKey: Hashable, Sendable {
    var kind: CoordinatorKind
    var name: String
}
