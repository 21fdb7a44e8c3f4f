// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The records that ``KafkaAdminClient/deleteRecords(_:timeout:)`` deletes of a partition.
@nonexhaustive
public enum RecordsToDelete: Hashable, Sendable {
    /// All records before this offset.
    case before(Int64)
    /// All records up to the high watermark.
    case all
}
