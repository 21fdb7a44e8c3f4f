// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The source of a record's timestamp.
@nonexhaustive
public enum TimestampType: Hashable, Sendable {
    /// The time at which the producer created the record.
    case createTime
    /// The time at which the broker appended the record to the log.
    case logAppendTime
}
