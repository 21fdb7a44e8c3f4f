// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A password, a key's passphrase, a token: text that is never printed.
///
/// Interpolated, dumped or logged, it shows as `<redacted>`.
public struct Secret: Hashable, Sendable, ExpressibleByStringLiteral {
    /// The text itself.
    public let text: String

    /// Hides a text: it is to be read from `text` only.
    public init(_ text: String) {
        self.text = text
    }

    /// A secret in the source code, which is fine for tests.
    public init(stringLiteral text: String) {
        self.text = text
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `<redacted>`.
    public var description: String { "<redacted>" }
    /// `<redacted>`.
    public var debugDescription: String { "<redacted>" }
    /// No children, so that `dump` shows nothing of the text.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
