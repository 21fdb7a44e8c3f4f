// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A window of five minutes of event time. Windows are contiguous and start at 1970-01-01 00:00 UTC.
struct Window: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The length of a window in seconds.
    static let length: Int64 = 300
    /// The supported times in seconds since 1970: the years 1 to 9999.
    static let times: Range<Int64> = -62_135_596_800..<253_402_300_800

    /// The start of the window in seconds since 1970-01-01 00:00 UTC.
    let start: Int64

    /// Creates the window that contains `time`, which must be in `times`.
    init(containing time: Int64) {
        let sinceStart = time % Window.length
        self.start = time - (sinceStart >= 0 ? sinceStart : sinceStart + Window.length)
    }

    /// The start of the window in UTC, such as `2026-01-01T00:05:00Z`.
    var description: String {
        Date(timeIntervalSince1970: TimeInterval(self.start)).formatted(.iso8601)
    }

    static func < (left: Window, right: Window) -> Bool { left.start < right.start }
}
