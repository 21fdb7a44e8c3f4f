// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// PEM from a properties file, in which line breaks may have become spaces.
enum PEMText {
    /// Restores the line breaks that OpenSSL requires. Malformed PEM is kept unchanged, so that OpenSSL reports the
    /// error.
    static func withLines(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let block = rest.firstMatch(
            of: /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+\/=\s]*)-----END ([A-Z0-9 ]+)-----/)
        {
            result += rest[..<block.range.lowerBound]
            result += "\n-----BEGIN \(block.1)-----\n"
            var body = block.2.filter { !$0.isWhitespace }[...]
            while !body.isEmpty {
                result += body.prefix(64) + "\n"
                body = body.dropFirst(64)
            }
            result += "-----END \(block.3)-----\n"
            rest = rest[block.range.upperBound...]
        }
        return result + rest
    }
}
