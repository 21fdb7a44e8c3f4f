// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import async_kafka

struct TextTableTests {
    private func table(_ rows: [[String]], numbers: Set<Int> = []) -> TextTable {
        TextTable(
            headings: ["TOPIC", "N"],
            rows: rows.map { row in
                row.enumerated().map { TextTable.Cell(text: $1, isNumber: numbers.contains($0)) }
            })
    }

    @Test func columnsAreAlignedAndNumbersAtTheRight() {
        #expect(
            self.table([["orders", "3"], ["a", "120"]], numbers: [1]).lines() == [
                "TOPIC     N", "orders    3", "a       120",
            ])
    }

    @Test func theWidestColumnIsCutToFitTheTerminal() {
        let lines = self.table([["a-topic-with-a-long-name", "3"]], numbers: [1]).lines(width: 16)
        #expect(lines == ["TOPIC          N", "a-topic-with…  3"])
    }

    @Test func wideLettersTakeTwoColumns() {
        #expect(self.table([["日本", "x"], ["abcd", "y"]]).lines() == ["TOPIC  N", "日本   x", "abcd   y"])
    }

    @Test func charactersThatMoveTheCursorAreShown() {
        #expect(
            self.table([["a\nb\u{1b}[2J", "x"]]).lines().last == "a\\nb\\u{1b}[2J  x",
            "a record can't repaint the screen")
    }
}

struct JSONValueTests {
    @Test func valuesAreWrittenInOneLine() {
        let value = JSONValue.object([
            "text": "a \"b\" \\ \n \u{1}", "list": .array([1, true, .null, .number(0.5)]), "empty": .object([:]),
        ])
        #expect(
            value.description
                == #"{"text":"a \"b\" \\ \n \u0001","list":[1,true,null,0.5],"empty":{}}"#)
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        let value = JSONValue.object([
            "a": "t\té", "b": .array([.integer(.max), .integer(.min), false, .null]),
            "c": .object(["d": .written("1.250")]),
        ])
        #expect(try JSONValue(parsing: value.description.utf8) == value)
    }

    @Test(arguments: [
        (#" { "b" : [ 1 , -0 , 1E+2 ] , "a" : { } } "#, #"{"b":[1,-0,1E+2],"a":{}}"#),
        ("12345678901234567890", "12345678901234567890"), (#""\u00e9\ud83d\ude00\/\b""#, "\"é😀/\\u0008\""),
        ("[]", "[]"),
    ])
    func nothingIsLost(text: String, same: String) throws {
        #expect(try JSONValue(parsing: text.utf8).description == same)
    }

    @Test(arguments: [
        "", "{bad", "[1,]", "{\"a\":1,}", "01", "+1", "1.", ".5", "1e", "nul", "\"a", "\"\\x\"", "\"\\ud800\"",
        "\"\n\"",
        "1 2", "NaN", "{1:2}", String(repeating: "[", count: 100_000),
    ])
    func otherTextIsNoJSON(text: String) {
        #expect(throws: JSONParser.Malformed.self) { try JSONValue(parsing: text.utf8) }
    }

    @Test func bytesThatAreNoTextAreNoJSON() {
        #expect(throws: JSONParser.Malformed.self) { try JSONValue(parsing: [0x22, 0xff, 0x22]) }
    }
}

struct StandardStreamTests {
    @Test func aPipeThatDoesNotBlockIsWrittenInFull() async throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let (readEnd, writeEnd) = (ends[0], ends[1])
        #expect(fcntl(writeEnd, F_SETFL, O_NONBLOCK) == 0)
        async let count = FileHandle(fileDescriptor: readEnd, closeOnDealloc: true).readToEnd()?.count
        try StandardStream(descriptor: writeEnd).write([UInt8](repeating: 1, count: 1 << 20))
        close(writeEnd)
        #expect(try await count == 1 << 20)
    }
}

struct ColumnTests {
    @Test func headingsAreMadeFromTheNamesOfFields() {
        #expect(Column<Int>("inSyncReplicas") { JSONValue($0) }.heading == "IN SYNC REPLICAS")
        #expect(Column<Int>("id") { JSONValue($0) }.heading == "ID")
    }

    @Test func valuesAreTextInTables() {
        #expect(JSONValue.array([1, 2]).plainText == "1,2")
        #expect(JSONValue.null.plainText == "")
        #expect(JSONValue.boolean(true).plainText == "yes")
    }

    @Test func textIsQuotedInCSV() {
        #expect("a,b".csv == "\"a,b\"")
        #expect("say \"x\"".csv == "\"say \"\"x\"\"\"")
        #expect("plain".csv == "plain")
    }
}
