// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension String {
    /// The text on one line, with nothing in it that a terminal or a log would take for a command: brokers, certificates and
    /// topic names come from outside. Line ends, controls and what turns the direction of text are written as in Swift's source.
    var printable: String {
        guard self.unicodeScalars.contains(where: \.isUnprintable) else { return self }
        var text = ""
        text.reserveCapacity(self.utf8.count)
        for scalar in self.unicodeScalars {
            switch scalar {
            case "\0": text += "\\0"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.isUnprintable: text += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

extension Unicode.Scalar {
    /// Controls of ASCII and of Latin 1, ends of lines and paragraphs, and the marks of bidirectional text.
    fileprivate var isUnprintable: Bool {
        switch self.value {
        case 0..<0x20, 0x7f..<0xa0, 0x61c, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff: true
        default: false
        }
    }
}
