// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import KafkaMemory

/// A way of telling a broker who this client is. Kafka's own come with the library (`.plain`, `.scramSHA512`,
/// `.oauthBearer`, …); a cluster with a mechanism of its own is reached by a type of yours.
public protocol SASLMechanism: Sendable {
    /// The name that the broker knows it by: `SCRAM-SHA-512`.
    var name: String { get }

    /// Begins the authentication of one connection, or a later one of the same connection (KIP-368). What has to be fetched
    /// — a password, a token — is fetched here: until it is there, a live connection goes on with its work.
    func makeExchange(with server: KafkaServer) async throws -> any SASLExchange
}

/// The messages of one authentication, as this side sees them.
public protocol SASLExchange: Sendable {
    /// What to send next. `challenge` is what the broker has sent, nil in the beginning.
    mutating func respond(to challenge: Bytes?) throws -> SASLResponse

    /// What the broker has said against the credentials in a message of the mechanism's own, before it ends the exchange.
    var refusal: String? { get }
}

extension SASLExchange {
    /// Nothing: the broker's error says it all.
    public var refusal: String? { nil }
}

/// What follows a challenge.
@nonexhaustive
public enum SASLResponse: Hashable, Sendable {
    /// Send this and wait for the next challenge.
    case send(Bytes)
    /// This side is satisfied.
    case done
}

extension SASLResponse: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Which of them it is. A message is not shown: in PLAIN it is the password.
    public var description: String {
        switch self {
        case .send(let message): "send(\(message.count) bytes)"
        case .done: "done"
        }
    }

    /// `description`, so that debuggers and collections show no more than a log.
    public var debugDescription: String { self.description }
    /// No children, so that `dump` doesn't show the message, which may hold a password.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A name and its password.
public struct SASLCredentials: Hashable, Sendable {
    /// The user.
    public var username: String
    /// The password.
    public var password: Secret

    /// A name and its password.
    public init(username: String, password: Secret) {
        self.username = username
        self.password = password
    }
}

extension KafkaError {
    /// What an exchange throws when the other side can't be believed, or refuses.
    static func authenticationFailed(_ message: String) -> KafkaError {
        KafkaError(.authenticationFailed, message)
    }

    /// What the other side has said, as errors and logs take it: in one line, and cut if it is long.
    package static func quoted(_ text: String, atMost limit: Int = 2000) -> String {
        let printable = text.unicodeScalars.lazy.map { scalar -> Character in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: " "
            default: Character(scalar)
            }
        }
        return String(printable.prefix(limit))
    }
}
