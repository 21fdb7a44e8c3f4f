// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AsyncKafka

@Suite struct PropertiesTextTests {
    @Test(arguments: [
        ("a=b", ["a": "b"]),
        ("a = b ", ["a": "b "]),
        ("  a\t:\tb", ["a": "b"]),
        ("a b c", ["a": "b c"]),
        ("a", ["a": ""]),
        ("a==b", ["a": "=b"]),
        ("a\\=\\:\\ b=c", ["a=: b": "c"]),
        ("# a=b\n   ! c=d\n\ne=f", ["e": "f"]),
        ("# a=b\\\nc=d", ["c": "d"]),
        ("a=b, \\\n    c, \\\r\n\td", ["a": "b, c, d"]),
        ("a=b\\\n#c", ["a": "b#c"]),
        ("a=b\\\\\nc=d", ["a": "b\\", "c": "d"]),
        ("a=b\\", ["a": "b"]),
        ("a=\\t\\n\\r\\f\\q\\\\", ["a": "\t\n\r\u{c}q\\"]),
        ("a=\\u00e4\\uD83D\\uDE00", ["a": "ä😀"]),
        ("a=1\r\nb=2\rc=3\n", ["a": "1", "b": "2", "c": "3"]),
        ("a=1\na=2", ["a": "2"]),
    ])
    func aFileIsParsedAsInJava(text: String, expected: [String: String]) throws {
        #expect(try PropertiesText.parse(text.utf8) == expected)
    }

    @Test func bytesBeyondASCIIAreLatin1AsInJava() throws {
        #expect(try PropertiesText.parse([0x61, 0x3d, 0xe4] as [UInt8]) == ["a": "ä"])
    }

    @Test(arguments: ["x=1\ny=\\u12", "x=1\ny=\\u12g4"])
    func aMalformedEscapeIsReportedByItsLineOnly(text: String) {
        let error = #expect(throws: KafkaError.self) { try PropertiesText.parse(text.utf8) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("Line 2") == true)
    }
}
