// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A generated access log, which is the same for the same number of lines on every machine.
///
/// A few users view many pages and most view few, as in reality. Some are authenticated and some have only an address.
/// The lines use both formats and two time zones.
struct SampleLog: Sequence, IteratorProtocol {
    /// The number of lines.
    let count: Int
    private var made = 0
    private var random = SplitMix64(state: 2026)

    init(count: Int) {
        self.count = count
    }

    /// Returns the next line, or nil at the end.
    mutating func next() -> String? {
        guard self.made < self.count else { return nil }
        // The times span two hours. They are in order except for a few seconds, because requests are logged when they
        // end.
        let time =
            SampleLog.start + Int64(self.made) * 7200 / Int64(self.count) + Int64.random(in: 0..<5, using: &self.random)
        self.made += 1
        let user = self.rank(among: SampleLog.users)
        let client = "192.0.2.\(user % 254 + 1)"
        let name = user % 5 == 4 ? "-" : "\(SampleLog.names[user % SampleLog.names.count])\(user)"
        let page = SampleLog.pages[self.rank(among: SampleLog.pages.count)]
        let line =
            "\(client) - \(name) [\(SampleLog.text(of: time, berlin: user % 3 == 0))] \"GET \(page) HTTP/1.1\" "
            + "200 \(Int.random(in: 300..<30_000, using: &self.random))"
        return user % 2 == 0 ? line : line + " \"https://example.org/\" \"Mozilla/5.0 (X11; Linux x86_64)\""
    }

    /// Returns a number below `count`, with smaller numbers being more likely.
    private mutating func rank(among count: Int) -> Int {
        let uniform = Double.random(in: 0..<1, using: &self.random)
        return Int(Double(count) * uniform * uniform * uniform)
    }

    private static let start: Int64 = 1_767_258_000  // 1 January 2026, 9:00 UTC
    private static let users = 500
    private static let names = [
        "anna", "ben", "clara", "dev", "emil", "fatima", "george", "hana", "ivan", "julia", "kofi",
    ]
    private static let pages = [
        "/", "/prices", "/docs", "/docs/install", "/blog", "/search?q=kafka", "/about", "/contact",
    ]

    private static func text(of time: Int64, berlin: Bool) -> String {
        let local = time + (berlin ? 3600 : 0)
        let seconds = local % 86_400
        let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
        return "01/Jan/2026:\(clock.joined(separator: ":")) \(berlin ? "+0100" : "+0000")"
    }
}

/// A seeded random number generator: SplitMix64 by Steele, Lea and Flood.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
