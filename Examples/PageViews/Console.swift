// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Writes a line to standard output without buffering.
func say(_ line: String) throws {
    do {
        try FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8))
    } catch {
        throw Failure("Can't write to standard output: \(error.localizedDescription)")
    }
}

/// Writes a line to standard error.
func complain(_ line: String) {
    try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
}

/// Prints the progress of a command at most once a second, if it has changed.
struct Progress {
    private var lastTime = ContinuousClock.now
    private var lastLine = ""

    mutating func say(_ line: @autoclosure () -> String) {
        let now = ContinuousClock.now
        guard now - self.lastTime >= .seconds(1) else { return }
        self.lastTime = now
        let line = line()
        guard line != self.lastLine else { return }
        self.lastLine = line
        try? page_views.say(line)
    }
}

extension Int {
    /// The number with commas between thousands, such as `200,000`.
    var grouped: String {
        var digits = String(self.magnitude)
        for position in stride(from: digits.count - 3, to: 0, by: -3) {
            digits.insert(",", at: digits.index(digits.startIndex, offsetBy: position))
        }
        return self < 0 ? "-" + digits : digits
    }
}
