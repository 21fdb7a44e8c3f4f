// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

extension Bytes {
    /// The text, if these are the bytes of text that a person can read.
    var readableText: String? {
        guard let text = String(self) else { return nil }
        let isReadable = text.unicodeScalars.allSatisfy {
            ($0.value >= 0x20 && !(0x7f...0x9f).contains($0.value)) || $0 == "\n" || $0 == "\t" || $0 == "\r"
        }
        return isReadable ? text : nil
    }

    /// The text if there is one, or the bytes in hexadecimal: `0x00ff`.
    var textOrHex: String {
        if let text = self.readableText { return text }
        let digits = Array("0123456789abcdef".utf8)
        var hex: [UInt8] = Array("0x".utf8)
        for byte in self {
            hex.append(digits[Int(byte >> 4)])
            hex.append(digits[Int(byte & 15)])
        }
        return String(decoding: hex, as: UTF8.self)
    }
}
