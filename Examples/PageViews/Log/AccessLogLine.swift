// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A line of a web server's access log in the common or the combined log format.
///
///     192.0.2.17 - anna [01/Jan/2026:01:02:03 +0100] "GET /prices HTTP/1.1" 200 5120
///     192.0.2.17 - - [01/Jan/2026:01:02:03 +0100] "GET /prices HTTP/1.1" 200 5120 "https://example.org/" "Mozilla/5.0"
struct AccessLogLine {
    /// The client's address or host name.
    let client: String
    /// The authenticated user, or `-`.
    let authenticatedUser: String
    /// The time in seconds since 1970-01-01 00:00 UTC.
    let time: Int64
    /// The first line of the request: method, path and version.
    let request: String

    /// Parses a line without its line break. Throws a description of what is wrong with it.
    init(_ line: some Sequence<UInt8>) throws {
        var scanner = LineScanner(line)
        guard !scanner.isAtEnd else { throw Failure("the line is empty") }
        self.client = try scanner.text(before: " ", as: "client address")
        _ = try scanner.text(before: " ", as: "identity")
        // The name ends before the time, not at the next space, because names with spaces aren't quoted.
        self.authenticatedUser = try scanner.text(before: " [", as: "user")
        let time = try scanner.text(before: "] ", as: "time")
        guard let seconds = logTime(time) else { throw Failure("there is no such time as \(time)") }
        self.time = seconds
        self.request = try scanner.quotedText(as: "request")
        try scanner.skip(" ", before: "status")
        let status = try scanner.text(before: " ", as: "status")
        guard status.utf8.count == 3, UInt16(status) != nil else { throw Failure("the status is \(status)") }
        let size = try scanner.word(as: "size")
        guard size == "-" || UInt64(size) != nil else { throw Failure("the size is \(size)") }
        guard !scanner.isAtEnd else { return }  // The common format ends here.
        try scanner.skip(" ", before: "referrer")
        _ = try scanner.quotedText(as: "referrer")
        try scanner.skip(" ", before: "user agent")
        _ = try scanner.quotedText(as: "user agent")
        // Some servers append more fields, which are ignored.
    }

    /// Returns the page view. Every line is one, whatever its status. Its user is the authenticated user, or else the
    /// client's address.
    func pageView() throws -> PageView {
        let words = self.request.utf8.split(separator: UInt8(ascii: " "))
        let path = words.count >= 2 ? String(Substring(words[1])) : self.request
        let user = self.authenticatedUser == "-" ? self.client : self.authenticatedUser
        guard let view = PageView(user: user, time: self.time, path: path) else {
            throw Failure("the user is empty or has control characters")
        }
        return view
    }
}
