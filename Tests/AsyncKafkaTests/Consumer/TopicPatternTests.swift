// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Testing

/// The expected matches are those of RE2/J 1.8, which brokers use, for the same expressions and names.
@Suite struct TopicPatternTests {
    private static let names = [
        "ab", "axb", "abc", "aab", "foo.bar", "foo", "a", "b", "", "a.b", "A", "12.3", "a]", "-_.", "orders-1",
    ]

    @Test(arguments: [
        ("foo", ["foo"]),
        ("orders-.*", ["orders-1"]),
        ("a|b", ["a", "b"]),
        ("a|", ["a", ""]),
        ("^ab$", ["ab"]),
        (#"\Aab\z"#, ["ab"]),
        (#"a\.b"#, ["a.b"]),
        (#"\Qa.b\E"#, ["a.b"]),
        ("a{2}b", ["aab"]),
        ("a{1,2}?b", ["ab", "aab"]),
        ("a{1,}b", ["ab", "aab"]),
        ("a??b", ["ab", "b"]),
        ("(?:a|b)*c?", ["ab", "abc", "aab", "a", "b", ""]),
        ("(a*)*", ["a", ""]),
        ("(?i)ABC", ["abc"]),
        ("(?i:A)b", ["ab"]),
        ("(?i-s:A)b", ["ab"]),
        ("(?i)[a-c]+", ["ab", "abc", "aab", "a", "b", "A"]),
        ("(?P<x>a)b", ["ab"]),
        ("(?<x>a)b", ["ab"]),
        (#"[\d.]+"#, ["12.3"]),
        (#"[\w.-]+"#, ["ab", "axb", "abc", "aab", "foo.bar", "foo", "a", "b", "a.b", "A", "12.3", "-_.", "orders-1"]),
        ("[[:alpha:]]+", ["ab", "axb", "abc", "aab", "foo", "a", "b", "A"]),
        ("[[:^alpha:]]+", ["12.3", "-_."]),
        (#"[a\]]+"#, ["a", "a]"]),
        ("[^^]", ["a", "b", "A"]),
        (#"[\x41-\x5A]"#, ["A"]),
        ("[-a]", ["a"]),
        (#"\-\_\."#, ["-_."]),
        ("a]", ["a]"]),
        ("x}", []),
    ])
    func aWholeNameIsMatchedAsBrokersDo(expression: String, matches: [String]) throws {
        let pattern = try TopicPattern(expression)
        #expect(pattern.expression == expression)
        #expect(Self.names.filter(pattern.matches) == matches)
    }

    /// Brokers refuse these expressions or interpret them differently from Swift's `Regex`.
    @Test(arguments: [
        "(?=a)b", "(?!a)b", "(?<=a)b", "(?<!a)b", "(?>a)b", "(?#c)a", "(?x)a b", "(?n)a", "(?'x'a)", "(?)a", "(?i-)a",
        "(?", "(?i",
        "(?P<>a)", "(?P<x-y>a)", "(?P=x)", "(*a)", "(a", "a)", "*a", "+a", "?", "a*+", "a++b", "a**", "a{2}{3}",
        "a{,2}b", "a{b}", "{",
        "a{2", "a{1001}", "a{3,2}", "^*", "|+", #"(a)\1"#, #"\0"#, #"\bfoo"#, #"\Z"#, #"\G"#, #"\h"#, #"\R"#, #"\e"#,
        #"\u0061"#,
        #"\x{61}"#, #"\x6"#, #"\p{Greek}"#, #"\pL"#, #"\Qab"#, #"a\"#, #"[a\"#, "[]", "[]a]", "[^]", "[a", "[a[b]]",
        "[a&&b]", "[a--b]", "[a~~b]",
        "[[:foo:]]", "[z-a]", #"[a-\d]"#, #"[\w-a]"#, "[a-c-e]", #"[\b]"#, #"[\Q]\E]"#,
    ])
    func anExpressionThatBrokersReadDifferentlyIsRefused(expression: String) throws {
        let error = #expect(throws: KafkaError.self) { try TopicPattern(expression) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains(expression) == true)
    }

    @Test func aConditionHasNoExpression() {
        let pattern = TopicPattern { $0.hasSuffix("-1") }
        #expect(pattern.expression == nil)
        #expect(Self.names.filter(pattern.matches) == ["orders-1"])
    }
}
