// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// What a member does after the listener has been notified of the loss of all partitions.
enum AfterLoss: Hashable, Sendable {
    case join
    /// Wait until the reader asks for records.
    case suspend
    case fail
}
