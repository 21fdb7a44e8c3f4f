// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A record's timestamp: milliseconds since 1970-01-01 00:00 UTC, Kafka's own unit.
public struct Timestamp: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The number of milliseconds since 1970-01-01 00:00 UTC.
    public var millisecondsSince1970: Int64

    /// Creates a timestamp from milliseconds since 1970-01-01 00:00 UTC.
    public init(millisecondsSince1970: Int64) {
        self.millisecondsSince1970 = millisecondsSince1970
    }

    /// Returns whether `left` is earlier than `right`.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.millisecondsSince1970 < right.millisecondsSince1970
    }

    /// The number of milliseconds with its unit, as in `1700000000000 ms`.
    public var description: String { "\(self.millisecondsSince1970) ms" }
}
