// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Testing

@testable import page_views

@Suite struct TallyTests {
    private let partition = TopicPartition("views", 3)

    private func tally() throws -> Tally {
        var tally = Tally()
        tally.count(PageView(user: "anna", time: 10, path: "/"), at: 0)
        tally.count(PageView(user: "anna", time: 20, path: "/"), at: 1)
        tally.count(nil, at: 2)
        tally.count(PageView(user: "\u{301}b c 1", time: -301, path: "/"), at: 7)
        return tally
    }

    @Test func aRecordIsCountedOnceHoweverOftenItIsDelivered() throws {
        var tally = try self.tally()
        let once = tally
        tally.count(PageView(user: "anna", time: 20, path: "/"), at: 1)
        tally.count(PageView(user: "ben", time: 20, path: "/"), at: 5)
        #expect(tally == once)
        #expect(tally.nextOffset == 8)
        #expect(tally.counts.total == 3)
        #expect(tally.counts[UserWindow(user: "anna", window: Window(containing: 0))] == 2)
    }

    @Test func skippingNeverGoesBack() throws {
        var tally = try self.tally()
        tally.skip(to: 3)
        #expect(tally.nextOffset == 8)
        tally.skip(to: 10)
        #expect(tally.nextOffset == 10)
    }

    @Test func theTextContainsTheWholeTally() throws {
        let tally = try self.tally()
        let text = tally.text(for: self.partition)
        #expect(try Tally(text: text, for: self.partition) == tally)
        #expect(
            text.hasPrefix("page-views tally 1\npartition views-3\noffset 8\n0 2 anna\n-600 1 \u{301}b c 1\nchecksum "))
        #expect(try Tally(text: Tally().text(for: self.partition), for: self.partition) == Tally())
    }

    @Test func anyDamageIsDetected() throws {
        let text = Array(try self.tally().text(for: self.partition).utf8)
        for position in text.indices {
            var damaged = text
            damaged[position] ^= 1
            let shorter = Array(text[..<position])
            for bytes in [damaged, shorter] {
                #expect(throws: Failure.self) {
                    try Tally(text: String(decoding: bytes, as: UTF8.self), for: self.partition)
                }
            }
        }
    }

    @Test func aTallyOfAnotherPartitionIsRefused() throws {
        let text = try self.tally().text(for: TopicPartition("views", 4))
        #expect(throws: Failure.self) { try Tally(text: text, for: self.partition) }
    }
}
