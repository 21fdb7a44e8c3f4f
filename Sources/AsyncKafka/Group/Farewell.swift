// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// What a member tells its group when it leaves.
struct Farewell: Hashable, Sendable {
    var memberID: String
    var reason: String
}
