// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import AsyncKafka

@Suite struct StatisticsTreeTests {
    private let tree = StatisticsTree.object([
        ("text", .text("a \"quoted\" \\ line\n\u{1b}ü")), ("none", .absent), ("flag", .flag(true)),
        ("integer", .integer(Int64.max)), ("number", .number(0.25)), ("nothing", .number(.nan)),
        ("sendLatency", .time(.microseconds(1500))), ("size", .size(12_345)), ("empty", .list([])),
        ("list", .list([.line("one of \u{1b}them", of: [("part", .integer(1))]), .integer(2)])),
        ("nested", .object([("inner", .time(.seconds(90)))])),
    ])

    @Test func theJSONHasTheValuesAndIsWhatEncoderMakesOfThem() throws {
        let read = try #require(
            JSONSerialization.jsonObject(with: Data(self.tree.json.utf8)) as? NSDictionary)
        let expected: NSDictionary = [
            "text": "a \"quoted\" \\ line\n\u{1b}ü", "none": NSNull(), "flag": true, "integer": Int64.max,
            "number": 0.25, "nothing": NSNull(), "sendLatency": 0.0015, "size": 12_345, "empty": [],
            "list": [["part": 1], 2], "nested": ["inner": 90.0],
        ]
        #expect(read == expected)
        let encoded = try JSONSerialization.jsonObject(with: JSONEncoder().encode(self.tree)) as? NSDictionary
        #expect(encoded == expected)
        #expect(!self.tree.json.contains("\n"))
    }

    @Test func theTextHasALineForEachValue() {
        #expect(
            self.tree.text == """
                text: a "quoted" \\ line\\n\\u{1B}ü
                flag: yes
                integer: 9223372036854775807
                number: 0.25
                nothing: nan
                send latency: 1.5 ms
                size: 12.3 kB
                empty: none
                list:
                  one of \\u{1B}them
                  2
                nested:
                  inner: 90 s
                """)
    }

    @Test(arguments: [
        (Duration.zero, "0 s"), (.microseconds(340), "340 µs"), (.milliseconds(12), "12 ms"),
        (.microseconds(12_340), "12.3 ms"), (.milliseconds(1234), "1.23 s"), (.seconds(4000), "4000 s"),
    ])
    func timesHaveTheUnitThatSuitsThem(time: Duration, text: String) {
        #expect(StatisticsTree.text(of: time) == text)
    }
}
