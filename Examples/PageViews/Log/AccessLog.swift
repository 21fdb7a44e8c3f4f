// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// An access log that is read line by line from a file or standard input.
///
/// Malformed lines are skipped and counted, and the first of them are kept for the report.
struct AccessLog {
    /// A malformed line and what is wrong with it.
    struct MalformedLine {
        let number: Int
        let complaint: String
    }

    static let formats = "An access log is in the common or the combined format."

    private let nextLine: () throws -> [UInt8]?
    private(set) var lineCount = 0
    private(set) var viewCount = 0
    private(set) var malformedCount = 0
    private(set) var firstMalformed: [MalformedLine] = []

    /// Opens a log. The path `-` stands for standard input.
    init(path: String) throws {
        var lines = try LineReader(path: path)
        self.nextLine = { try lines.next() }
    }

    /// Creates a log from generated lines.
    init(_ sample: SampleLog) {
        var sample = sample
        self.nextLine = { sample.next().map { Array($0.utf8) } }
    }

    /// Returns the next view, or nil at the end.
    mutating func next() throws -> PageView? {
        while let line = try self.nextLine() {
            self.lineCount += 1
            do {
                guard line.count <= LineReader.maximumLength else {
                    throw Failure("it is longer than \(LineReader.maximumLength) bytes")
                }
                let view = try AccessLogLine(line).pageView()
                self.viewCount += 1
                return view
            } catch let complaint as Failure {
                self.malformedCount += 1
                if self.firstMalformed.count < 5 {
                    self.firstMalformed.append(
                        MalformedLine(number: self.lineCount, complaint: complaint.description))
                }
            }
        }
        return nil
    }

    /// Counts the rest of the log without Kafka, for comparison.
    mutating func count() throws -> ViewCounts {
        var counts = ViewCounts()
        while let view = try self.next() { counts.add(view) }
        return counts
    }

    /// The report on malformed lines, or nil if there are none.
    var complaint: String? {
        guard self.malformedCount > 0 else { return nil }
        var text = "\(self.malformedCount) malformed \(self.malformedCount == 1 ? "line" : "lines") left out:"
        for line in self.firstMalformed { text += "\n  line \(line.number): \(line.complaint)" }
        let rest = self.malformedCount - self.firstMalformed.count
        return rest == 0 ? text : text + "\n  and \(rest) more"
    }
}
