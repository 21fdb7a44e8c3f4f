// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// The OAUTHBEARER mechanism (RFC 7628): a token with extensions. The reason for a refusal is sent as JSON.
struct OAuthBearerServer: SASLServer {
    let credentials: UserCredentials
    /// A hundred years, which doesn't overflow in calculations.
    private static let longestLifetime = Duration.seconds(100 * 365 * 86_400)
    private var isRefused = false

    init(credentials: UserCredentials) {
        self.credentials = credentials
    }

    mutating func respond(to message: Bytes, at time: Int64) -> SASLServerStep {
        // After a refusal the client sends one dummy byte, and receives the failure as response.
        guard !self.isRefused, let (token, extensions) = Self.parse(message), let check = self.credentials.checkToken
        else { return .refused }
        switch check(token, extensions) {
        case .accepted(let user, let lifetime):
            let endsAt = time + Int64(min(lifetime, Self.longestLifetime) / .milliseconds(1))
            return .accepted(Identity(user: user, endsAt: endsAt), Bytes())
        case .refused(let status):
            self.isRefused = true
            return .challenge(Bytes(#"{"status":"\#(status)"}"#))
        }
    }

    /// Parses `n,,` and the `name=value` pairs, each of which ends with a byte 1, followed by another byte 1.
    private static func parse(_ message: Bytes) -> (token: String, extensions: [String: String])? {
        let parts = message.split(separator: 1, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard parts.count >= 4, parts[0].hasPrefix("n,"), parts.suffix(2).allSatisfy(\.isEmpty) else { return nil }
        var values: [String: String] = [:]
        for part in parts.dropFirst().dropLast(2) {
            guard let equals = part.firstIndex(of: "=") else { return nil }
            values[String(part[..<equals])] = String(part[part.index(after: equals)...])
        }
        let scheme = "bearer "
        guard let authorization = values.removeValue(forKey: "auth"), authorization.lowercased().hasPrefix(scheme)
        else {
            return nil
        }
        return (String(authorization.dropFirst(scheme.count)), values)
    }
}
