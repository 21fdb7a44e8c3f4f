// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import page_views

@Suite struct AccessLogTests {
    private let good = #"192.0.2.17 - anna [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 1"#

    @Test func malformedLinesAreCountedAndNamedByTheirNumber() async throws {
        try await withTemporaryDirectory { directory in
            let bad = (1...7).map { _ in "bad" }.joined(separator: "\n")
            let path = try "\(self.good)\r\nwhat?\n\(self.good)\n\(bad)\n\(self.good)".written(
                to: "access.log", in: directory)
            var log = try AccessLog(path: path)
            while try log.next() != nil {}
            #expect(log.viewCount == 3)
            #expect(log.malformedCount == 8)
            let complaint = try #require(log.complaint)
            #expect(complaint.contains("8 malformed lines"))
            #expect(complaint.contains("line 2: there is no client address"))
            #expect(complaint.contains("line 4:"))
            #expect(complaint.contains("and 3 more"))
        }
    }

    @Test func anEndlessLineIsOneMalformedLine() async throws {
        try await withTemporaryDirectory { directory in
            let endless = String(repeating: "x", count: 1 << 20)
            let path = try "\(self.good)\n\(endless)\n\(self.good)\n".written(to: "access.log", in: directory)
            var log = try AccessLog(path: path)
            while try log.next() != nil {}
            #expect(log.viewCount == 2)
            #expect(log.malformedCount == 1)
        }
    }

    @Test func aLineAsLongAsAllowedIsReadAndALongerOneRefused() async throws {
        try await withTemporaryDirectory { directory in
            let room = LineReader.maximumLength - self.good.utf8.count
            let longest = self.good.replacing("GET /", with: "GET /" + String(repeating: "x", count: room))
            let path = try "\(longest)\n\(longest)y\n".written(to: "access.log", in: directory)
            var log = try AccessLog(path: path)
            #expect(try log.next()?.path.utf8.count == room + 1)
            #expect(try log.next() == nil)
            #expect(log.malformedCount == 1)
        }
    }

    @Test func anEmptyFileHasNoLines() async throws {
        try await withTemporaryDirectory { directory in
            var log = try AccessLog(path: try "".written(to: "access.log", in: directory))
            #expect(try log.next() == nil)
            #expect(log.complaint == nil)
        }
    }

    @Test func aMissingFileIsNamed() {
        #expect { try AccessLog(path: "/no/such.log") } throws: { error in
            "\(error)" == "Can't open /no/such.log: No such file or directory."
        }
    }

    @Test func theSampleIsTheSameEachTimeAndWellFormed() throws {
        let lines = Array(SampleLog(count: 2000))
        #expect(lines == Array(SampleLog(count: 2000)))
        let views = try lines.map { try AccessLogLine($0.utf8).pageView() }
        let byUser = Dictionary(grouping: views, by: \.user).mapValues(\.count)
        #expect(byUser.count > 100)
        #expect(try #require(byUser.values.max()) > 5 * views.count / byUser.count)
        #expect(Set(views.map { Window(containing: $0.time) }).count >= 24)
    }
}
