// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// What was recorded in the last minute, in six windows of ten seconds. A window is cleared when its turn comes again, so the
/// windows cover the last 50 to 60 seconds. Pure.
struct RecentWindows<Content: Sendable>: Sendable {
    private struct Window: Sendable {
        /// The number of the ten seconds that it covers; nil if it is empty.
        var number: Int64?
        var content: Content
    }

    private static var length: Int64 { 10_000_000_000 }
    private static var count: Int64 { 6 }

    private let empty: Content
    /// Has no elements before the first record.
    private var windows: [Window] = []

    init(empty: Content) {
        self.empty = empty
    }

    private static func number(at time: MonotonicTime) -> Int64 { time.nanoseconds / self.length }

    /// Changes the window of the current time.
    mutating func record(now: MonotonicTime, _ change: (inout Content) -> Void) {
        if self.windows.isEmpty {
            self.windows = Array(repeating: Window(number: nil, content: self.empty), count: Int(Self.count))
        }
        let number = Self.number(at: now)
        let index = Int(number % Self.count)
        // A thread that has read the clock a moment earlier than another one doesn't clear its window.
        if number > self.windows[index].number ?? -1 {
            self.windows[index] = Window(number: number, content: self.empty)
        }
        change(&self.windows[index].content)
    }

    /// Returns the contents of the windows of the last minute, in no order.
    func contents(now: MonotonicTime) -> [Content] {
        let oldest = Self.number(at: now) - Self.count + 1
        return self.windows.filter { $0.number ?? -1 >= oldest }.map(\.content)
    }

    /// Returns the time that the windows cover, in seconds: less than a minute if recording began only then, but never less than a
    /// second, so that a rate of the first moment isn't exaggerated.
    static func seconds(since beginning: MonotonicTime, now: MonotonicTime) -> Double {
        let oldest = (self.number(at: now) - self.count + 1) * self.length
        return max(1, Double(now.nanoseconds - max(oldest, beginning.nanoseconds)) / 1e9)
    }
}
