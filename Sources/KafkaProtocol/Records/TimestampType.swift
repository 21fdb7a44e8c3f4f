// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Who gave a record its timestamp.
@nonexhaustive
public enum TimestampType: Hashable, Sendable {
    /// The producer, when it made the record.
    case createTime
    /// The broker, when it appended the record to the log.
    case logAppendTime
}
