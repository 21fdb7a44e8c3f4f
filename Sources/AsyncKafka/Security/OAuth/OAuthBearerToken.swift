// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A token for SASL OAUTHBEARER: its text and how long it is good.
///
/// It shows as `<redacted>` wherever it is printed.
public struct OAuthBearerToken: Hashable, Sendable {
    /// The token, as it is sent: letters, digits and `-._~+/`, with `=` at the end (RFC 6750).
    public var value: Secret
    /// When it ends to be good, by the wall clock.
    public var expiresAt: Timestamp
    /// SASL extensions that go with it (RFC 7628, KIP-342): names of letters only, never `auth`. None by default.
    public var extensions: [String: String]

    /// A token.
    public init(_ value: Secret, expiresAt: Timestamp, extensions: [String: String] = [:]) {
        self.value = value
        self.expiresAt = expiresAt
        self.extensions = extensions
    }

    /// A token that is good for a while from now.
    public init(_ value: Secret, lifetime: Duration, extensions: [String: String] = [:]) {
        let seconds = min(max(lifetime.components.seconds, 0), Int64.max / 2000)
        let milliseconds = seconds * 1000 + lifetime.components.attoseconds / 1_000_000_000_000_000
        self.init(
            value, expiresAt: Timestamp(millisecondsSince1970: WallClock.coarseMilliseconds + milliseconds),
            extensions: extensions)
    }
}

extension OAuthBearerToken: CustomStringConvertible, CustomDebugStringConvertible {
    /// `<redacted>`, and when it ends to be good.
    public var description: String { "<redacted>, expires at \(self.expiresAt)" }
    /// The same.
    public var debugDescription: String { self.description }
}
