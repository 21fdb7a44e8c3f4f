// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A secret text: a password, a passphrase, a token.
///
/// Interpolating, dumping or logging it shows `<redacted>`.
public struct Secret: Hashable, Sendable, ExpressibleByStringLiteral {
    /// The text itself.
    public let text: String

    /// Creates a secret. Read its text from ``Secret/text``.
    public init(_ text: String) {
        self.text = text
    }

    /// Creates a secret from a string literal, for use in tests.
    public init(stringLiteral text: String) {
        self.text = text
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `<redacted>`.
    public var description: String { "<redacted>" }
    /// `<redacted>`.
    public var debugDescription: String { "<redacted>" }
    /// A mirror without children, so that `dump` doesn't reveal the text.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
