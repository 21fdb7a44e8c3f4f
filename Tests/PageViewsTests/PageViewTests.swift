// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Testing

@testable import page_views

@Suite struct PageViewTests {
    @Test func aRecordContainsTheViewWithItsUserAsKey() throws {
        let view = try #require(PageView(user: "José", time: 1_767_225_600, path: "/a b?c=\"d\""))
        let record = view.record(topic: "views")
        #expect(record.topic == "views")
        #expect(record.key == "José")
        #expect(record.value == "1767225600 /a b?c=\"d\"")
        #expect(PageView(key: record.key, value: record.value) == view)
    }

    @Test func aPathMayBeginWithACombiningCharacter() throws {
        let view = try #require(PageView(user: "a", time: 0, path: "\u{301}/"))
        let record = view.record(topic: "views")
        #expect(PageView(key: record.key, value: record.value) == view)
    }

    @Test(
        arguments: [
            (nil, "1 /"), ("anna", nil), ("", "1 /"), ("anna", ""), ("anna", "1"), ("anna", "x /"), ("anna", " /"),
            ("an\nna", "1 /"), ([0xFF], "1 /"), ("anna", [0x31, 0x20, 0xFF]), ("anna", "9223372036854775807 /"),
            ("anna", "-9223372036854775808 /"), ("anna", "92233720368547758070 /"),
        ] as [(Bytes?, Bytes?)])
    func otherRecordsAreNotViews(key: Bytes?, value: Bytes?) {
        #expect(PageView(key: key, value: value) == nil)
    }

    @Test(
        arguments: [
            (0, 0), (299, 0), (300, 300), (1_767_225_599, 1_767_225_300), (-1, -300), (-300, -300), (-301, -600),
            (Window.times.lowerBound, Window.times.lowerBound),
            (Window.times.upperBound - 1, Window.times.upperBound - 300),
        ] as [(Int64, Int64)])
    func windowsLastFiveMinutes(time: Int64, start: Int64) {
        #expect(Window(containing: time).start == start)
    }

    @Test func windowsAreShownInUTC() {
        #expect("\(Window(containing: 1_767_225_600 + 599))" == "2026-01-01T00:05:00Z")
    }
}
