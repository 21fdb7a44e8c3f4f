// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension String {
    /// The text on one line, without characters that a terminal or log would interpret, because brokers, certificates
    /// and topic names are external. Line breaks, control characters and marks of text direction are escaped as in
    /// Swift source code.
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
    /// Control characters of ASCII and Latin-1, line and paragraph separators, and marks of bidirectional text.
    fileprivate var isUnprintable: Bool {
        switch self.value {
        case 0..<0x20, 0x7f..<0xa0, 0x61c, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff: true
        default: false
        }
    }
}
