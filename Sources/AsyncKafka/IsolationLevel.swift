// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The transactional records that a consumer reads (`isolation.level`).
@nonexhaustive
public enum IsolationLevel: Int8, Hashable, Sendable {
    /// All records, including those of open and aborted transactions.
    case readUncommitted = 0
    /// Records of committed transactions and records outside of transactions, up to the last stable offset: the first
    /// record of the oldest open transaction.
    case readCommitted = 1
}
