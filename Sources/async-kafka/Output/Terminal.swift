// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The terminal that a stream of the process is connected to.
enum Terminal {
    static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// The size of the terminal, or a usual one if it isn't known.
    static func size(of descriptor: Int32) -> (columns: Int, lines: Int) {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// The number of columns, or nil if the stream isn't connected to a terminal.
    static func width(of descriptor: Int32) -> Int? {
        guard Self.isTerminal(descriptor) else { return nil }
        return Self.size(of: descriptor).columns
    }

    /// Whether text may be coloured: in a terminal, unless NO_COLOR is set (https://no-color.org).
    static func hasColours(_ descriptor: Int32) -> Bool {
        Self.isTerminal(descriptor) && (getenv("NO_COLOR").map { $0.pointee == 0 } ?? true)
    }

    /// Asks a question that is answered with yes or no, in the terminal even if the standard streams are pipes. Nil without a
    /// terminal.
    static func confirms(_ question: String) -> Bool? {
        guard let answer = Self.ask("\(question) [y/N] ", hidden: false) else { return nil }
        return ["y", "yes"].contains(answer.lowercased())
    }

    /// Asks for a secret, which isn't shown while it is typed. Nil without a terminal.
    static func secret(_ prompt: String) -> String? { Self.ask(prompt, hidden: true) }

    private static func ask(_ prompt: String, hidden: Bool) -> String? {
        guard let terminal = fopen("/dev/tty", "r+") else { return nil }
        defer { fclose(terminal) }
        let descriptor = fileno(terminal)
        var settings = termios()
        let isShown = tcgetattr(descriptor, &settings) == 0
        if hidden, isShown {
            var silent = settings
            silent.c_lflag &= ~tcflag_t(ECHO)
            tcsetattr(descriptor, TCSAFLUSH, &silent)
        }
        defer {
            if hidden, isShown {
                tcsetattr(descriptor, TCSAFLUSH, &settings)
                try? StandardStream(descriptor: descriptor).writeLine("")
            }
        }
        try? StandardStream(descriptor: descriptor).write(Array(prompt.utf8))
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        guard getline(&line, &capacity, terminal) > 0, let line else { return "" }
        let text = String(cString: line)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}
