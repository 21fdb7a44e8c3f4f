// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Which records of transactions are read.
@nonexhaustive
public enum IsolationLevel: Int8, Hashable, Sendable {
    /// All, also those of aborted transactions and of those that are not decided.
    case readUncommitted = 0
    /// Only those that are committed, up to the first that is not decided.
    case readCommitted = 1
}
