// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Parses a time of an access log, such as `10/Oct/2000:13:55:36 -0700`. Returns seconds since 1970-01-01 00:00 UTC, or
/// nil if the time is invalid.
func logTime(_ text: String) -> Int64? {
    let parts = text.utf8.split(omittingEmptySubsequences: false) { "/: ".utf8.contains($0) }.map { Substring($0) }
    guard
        parts.count == 7,
        let day = Int32(parts[0]), (1...31).contains(day),
        let month = months.firstIndex(of: parts[1]),
        let year = Int32(parts[2]), (1...9999).contains(year),
        let hour = Int32(parts[3]), (0...23).contains(hour),
        let minute = Int32(parts[4]), (0...59).contains(minute),
        let second = Int64(parts[5]), (0...60).contains(second),  // 60 is a leap second.
        let zone = offsetFromUTC(parts[6])
    else { return nil }
    var time = tm()
    time.tm_mday = day
    time.tm_mon = Int32(month)
    time.tm_year = year - 1900
    time.tm_hour = hour
    time.tm_min = minute
    let local = Int64(timegm(&time))
    guard time.tm_mday == day else { return nil }  // `timegm` turns 30 February into 2 March.
    return local + second - zone
}

/// Returns the offset of a time zone such as `-0700` in seconds.
private func offsetFromUTC(_ text: Substring) -> Int64? {
    guard let sign = text.first, sign == "+" || sign == "-", text.utf8.count == 5 else { return nil }
    guard let digits = Int64(text.dropFirst()), (0..<2400).contains(digits), digits % 100 < 60 else { return nil }
    let seconds = digits / 100 * 3600 + digits % 100 * 60
    return sign == "-" ? -seconds : seconds
}

private let months: [Substring] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
