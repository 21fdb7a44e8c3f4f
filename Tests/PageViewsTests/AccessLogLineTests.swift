// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import page_views

@Suite struct AccessLogLineTests {
    private func view(_ line: String) throws -> PageView {
        try AccessLogLine(line.utf8).pageView()
    }

    @Test func theCommonFormatIsParsed() throws {
        let line = #"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326"#
        #expect(try self.view(line) == PageView(user: "frank", time: 971_211_336, path: "/apache_pb.gif"))
    }

    @Test func theCombinedFormatIsParsed() throws {
        let line =
            #"::1 - anna [01/Jan/2026:00:00:00 +0000] "POST /cart?item=1 HTTP/2.0" 302 - "https://example.org/" "A \"b\" (c)""#
        #expect(try self.view(line) == PageView(user: "anna", time: 1_767_225_600, path: "/cart?item=1"))
    }

    @Test func fieldsAfterTheCombinedFormatAreIgnored() throws {
        let line = #"::1 - anna [01/Jan/2026:00:00:00 +0000] "GET / HTTP/2.0" 200 1 "-" "-" 0.012 "upstream""#
        #expect(try self.view(line).user == "anna")
    }

    @Test func withoutAuthenticationTheClientIsTheUser() throws {
        let line = #"192.0.2.17 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 1"#
        #expect(try self.view(line).user == "192.0.2.17")
    }

    @Test func namesMayContainSpacesBracketsAndAccents() throws {
        let line = #"192.0.2.17 - José [X] Núñez [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 1"#
        #expect(throws: Failure.self) { try self.view(line) }  // " [" begins the time.
        let name = #"192.0.2.17 - José Núñez[X] [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 1"#
        #expect(try self.view(name).user == "José Núñez[X]")
    }

    @Test(arguments: [
        ("01/Jan/2026:01:00:00 +0100", 1_767_225_600), ("31/Dec/2025:19:00:00 -0500", 1_767_225_600),
        ("01/Jan/2026:05:45:00 +0545", 1_767_225_600), ("01/Jan/1970:00:00:00 +0000", 0),
        ("31/Dec/1969:23:59:59 +0000", -1), ("29/Feb/2024:00:00:00 +0000", 1_709_164_800),
        ("31/Dec/2016:23:59:60 +0000", 1_483_228_800),
    ])
    func timesAreParsed(text: String, seconds: Int64) {
        #expect(logTime(text) == seconds)
    }

    @Test(arguments: [
        "29/Feb/2023:00:00:00 +0000", "31/Apr/2026:00:00:00 +0000", "00/Jan/2026:00:00:00 +0000",
        "01/Foo/2026:00:00:00 +0000", "01/Jan/2026:24:00:00 +0000", "01/Jan/2026:00:60:00 +0000",
        "01/Jan/2026:00:00:00 0000", "01/Jan/2026:00:00:00 +0060", "01/Jan/2026:00:00:00", "", "01/Jan/2026",
        "01/Jan/99999999999:00:00:00 +0000",
    ])
    func impossibleTimesAreRefused(text: String) {
        #expect(logTime(text) == nil)
    }

    @Test(arguments: [
        "", "nonsense", "127.0.0.1 - frank", #"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] GET / 200 1"#,
        #"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0 200 1"#,
        #"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /" 20 1"#,
        #"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /" abc 1"#,
        #"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /" 200 1k"#,
        #"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /" 200"#,
        #"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /" 200 1 "-""#,
        #"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /\"#,
        "127.0.0.1 - a\tb [10/Oct/2000:13:55:36 -0700] \"-\" 408 -",
        #"127.0.0.1 -  [10/Oct/2000:13:55:36 -0700] "GET /" 200 1"#,
    ])
    func malformedLinesAreRefused(line: String) {
        #expect(throws: Failure.self) { try self.view(line) }
    }

    @Test func bytesThatAreNotUTF8AreRefused() {
        let line = Array("192.0.2.1 - ".utf8) + [0xFF] + Array(#" [01/Jan/2026:00:00:00 +0000] "GET /" 200 1"#.utf8)
        #expect(throws: Failure.self) { try AccessLogLine(line) }
    }

    @Test func truncatedLinesAreMalformedAndNeverTrap() throws {
        let line = Array(
            #"::1 - anna [01/Jan/2026:00:00:00 +0000] "GET /\" HTTP" 302 12 "https://a.org/" "A \"b\"""#.utf8)
        let common = #"::1 - anna [01/Jan/2026:00:00:00 +0000] "GET /\" HTTP" 302 1"#.utf8.count
        for length in 0..<line.count where length != common && length != common + 1 {
            #expect(throws: Failure.self) { try AccessLogLine(line[..<length]) }
        }
        _ = try AccessLogLine(line)
    }
}
