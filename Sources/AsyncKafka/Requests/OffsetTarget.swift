// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A position in a log that the leader resolves to an offset.
enum OffsetTarget: Hashable, Sendable {
    case earliest
    case latest
    /// The first record with at least this timestamp, in milliseconds since 1970.
    case timestamp(Int64)
    /// The first record that is at most this old (KIP-1106).
    case age(Duration)
}
