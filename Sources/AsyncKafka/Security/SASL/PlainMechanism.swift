// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// PLAIN (RFC 4616), which sends the user name and password in clear text. Use it over TLS only.
public struct PlainMechanism: SASLMechanism {
    /// `PLAIN`.
    public var name: String { "PLAIN" }

    private let credentials: @Sendable () async throws -> SASLCredentials

    init(_ credentials: @escaping @Sendable () async throws -> SASLCredentials) {
        self.credentials = credentials
    }

    /// Fetches the credentials.
    ///
    /// - Parameter server: The broker, which isn't used.
    /// - Returns: The exchange that sends the credentials.
    /// - Throws: Whatever the source of the credentials throws. Fixed credentials never throw.
    public func makeExchange(with server: KafkaServer) async throws -> any SASLExchange {
        PlainExchange(credentials: try await self.credentials())
    }
}

extension SASLMechanism where Self == PlainMechanism {
    /// Returns PLAIN with a fixed user name and password.
    ///
    /// - Parameters:
    ///   - username: The user name, which can't be empty.
    ///   - password: The password. Neither it nor the user name can contain NUL.
    public static func plain(username: String, password: Secret) -> PlainMechanism {
        let credentials = SASLCredentials(username: username, password: password)
        return PlainMechanism { credentials }
    }

    /// Returns PLAIN with credentials that are fetched for each authentication, so that they can change.
    ///
    /// - Parameter credentials: Returns the user name and password. If it throws, the connection attempt fails, with
    ///   `.authenticationFailed` unless the error is a ``KafkaError``, and is repeated after a backoff.
    public static func plain(
        credentials: @escaping @Sendable () async throws -> SASLCredentials
    ) -> PlainMechanism {
        PlainMechanism(credentials)
    }
}

struct PlainExchange: SASLExchange {
    let credentials: SASLCredentials

    var secrets: [String]? { [self.credentials.password.text] }

    mutating func respond(to challenge: Bytes?) throws -> SASLResponse {
        guard challenge == nil else { return .done }
        let (name, password) = (self.credentials.username, self.credentials.password.text)
        // NUL is the separator.
        guard !name.isEmpty, !name.utf8.contains(0), !password.utf8.contains(0) else {
            throw KafkaError.authenticationFailed(
                "A PLAIN user name must not be empty, and no NUL can be in name or password.")
        }
        return .send(Bytes([0] + Array(name.utf8) + [0] + Array(password.utf8)))
    }
}
