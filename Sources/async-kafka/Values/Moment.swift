// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A moment as a user writes it and reads it. Times without a zone are in UTC.
enum Moment {
    /// The form `2026-11-26T10:00:00.123Z`.
    static func text(_ timestamp: Timestamp) -> String {
        // Not by Foundation, which is slow and rounds the fraction. A count of days that begins in March has the leap day at the
        // end of a year, of 4, 100 and 400 years.
        let (day, millisecond) = timestamp.millisecondsSince1970.dividedRoundingDown(by: 86_400_000)
        let (era, dayOfEra) = (day + 719_468).dividedRoundingDown(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        func digits(_ number: Int64, _ count: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(count - digits.utf8.count, 0)) + digits
        }
        let date = "\(digits(year, 4))-\(digits(month, 2))-\(digits(dayOfMonth, 2))"
        let hour = "\(digits(millisecond / 3_600_000, 2)):\(digits(millisecond / 60_000 % 60, 2))"
        return "\(date)T\(hour):\(digits(millisecond / 1000 % 60, 2)).\(digits(millisecond % 1000, 3))Z"
    }

    static var now: Timestamp {
        Timestamp(millisecondsSince1970: Int64((Date.now.timeIntervalSince1970 * 1000).rounded(.down)))
    }

    /// Reads `2026-11-26`, `2026-11-26T10:00`, `2026-11-26T10:00:00.123+01:00`, `@1764151200000` (milliseconds since 1970), or
    /// a duration such as `1h`, which means that long ago. Nil if the text is none of them, or the time is before 1970, which
    /// Kafka doesn't know.
    static func parse(_ text: String, now: Timestamp = Moment.now) -> Timestamp? {
        guard let time = Self.parseAny(text, now), time.millisecondsSince1970 >= 0 else { return nil }
        return time
    }

    private static func parseAny(_ text: String, _ now: Timestamp) -> Timestamp? {
        if text.hasPrefix("@") {
            return Int64(text.dropFirst()).map { Timestamp(millisecondsSince1970: $0) }
        }
        if let ago = Duration(written: text) {
            let milliseconds = ago.components.seconds * 1000 + ago.components.attoseconds / 1_000_000_000_000_000
            let (time, isTooEarly) = now.millisecondsSince1970.subtractingReportingOverflow(milliseconds)
            return isTooEarly ? nil : Timestamp(millisecondsSince1970: time)
        }
        let (local, zone) = Self.split(text)
        let parts = local.split(separator: "T", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts[0].count == 10 else { return nil }
        var time = parts.count == 2 ? String(parts[1]) : "00:00:00"
        if time.count == 5 { time += ":00" }
        // Foundation takes an hour of 25 for one of the next day.
        let numbers = time.prefix { $0 != "." }.split(separator: ":").map { Int($0) ?? 99 }
        guard numbers.count == 3, numbers[0] < 24, numbers[1] < 60, numbers[2] < 60 else { return nil }
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: time.contains("."))
        guard let date = try? Date("\(parts[0])T\(time)\(zone)", strategy: style), Self.isDay(parts[0]) else {
            return nil
        }
        return Timestamp(millisecondsSince1970: Int64((date.timeIntervalSince1970 * 1000).rounded()))
    }

    /// Foundation takes the 30th of February for a day in March.
    private static func isDay(_ text: Substring) -> Bool {
        guard let midnight = try? Date("\(text)T00:00:00Z", strategy: .iso8601) else { return false }
        return midnight.formatted(.iso8601).hasPrefix(text)
    }

    private static func split(_ text: String) -> (local: Substring, zone: String) {
        if text.hasSuffix("Z") { return (text.dropLast(), "Z") }
        // A zone follows a time: the hyphens of the date don't begin one.
        guard let t = text.firstIndex(of: "T"), let sign = text[t...].firstIndex(where: { "+-".contains($0) }) else {
            return (text[...], "Z")
        }
        return (text[..<sign], String(text[sign...]))
    }
}

extension Int64 {
    fileprivate func dividedRoundingDown(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = self.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

extension ValueKind where Value == Timestamp {
    static func moment(_ placeholder: String = "TIME") -> ValueKind {
        ValueKind(placeholder) { text throws(UsageError) in
            guard let timestamp = Moment.parse(text) else {
                throw UsageError(
                    "it must be a time such as 2026-11-26T10:00:00Z, @1764151200000 (milliseconds) or 1h (an hour ago)")
            }
            return timestamp
        }
    }
}
