// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import KafkaMemory

/// A SASL mechanism: how the client authenticates to a broker. The library provides Kafka's own (`.plain`,
/// `.scramSHA512`, `.oauthBearer`, …). Conform a type to this protocol to support a custom mechanism.
public protocol SASLMechanism: Sendable {
    /// The mechanism's registered name, such as `SCRAM-SHA-512`.
    var name: String { get }

    /// Begins an authentication of a connection, the first one or a re-authentication (KIP-368). Fetch passwords or
    /// tokens here: an established connection continues its work in the meantime.
    func makeExchange(with server: KafkaServer) async throws -> any SASLExchange
}

/// The client's side of a single authentication.
public protocol SASLExchange: Sendable {
    /// Returns the next message to send. `challenge` is the broker's last message, nil at the start.
    mutating func respond(to challenge: Bytes?) throws -> SASLResponse

    /// The broker's reason for refusing the credentials, if the mechanism has a message for it that precedes the end of
    /// the exchange. Default: nil.
    var refusal: String? { get }
}

extension SASLExchange {
    /// Nil, for mechanisms in which the broker's error is the only reason.
    public var refusal: String? { nil }
}

/// The response to a challenge.
@nonexhaustive
public enum SASLResponse: Hashable, Sendable {
    /// Send this message and wait for the next challenge.
    case send(Bytes)
    /// The exchange is complete on this side.
    case done
}

extension SASLResponse: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The case, without the message: in PLAIN it contains the password.
    public var description: String {
        switch self {
        case .send(let message): "send(\(message.count) bytes)"
        case .done: "done"
        }
    }

    /// The same as `description`, so that debuggers and collections don't reveal the message.
    public var debugDescription: String { self.description }
    /// A mirror without children, so that `dump` doesn't reveal the message.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A user name and password.
public struct SASLCredentials: Hashable, Sendable {
    /// The user name.
    public var username: String
    /// The password.
    public var password: Secret

    /// Creates credentials.
    public init(username: String, password: Secret) {
        self.username = username
        self.password = password
    }
}

extension KafkaError {
    /// The error of an exchange in which the broker is not authentic or refuses the credentials.
    static func authenticationFailed(_ message: String) -> KafkaError {
        KafkaError(.authenticationFailed, message)
    }

    /// Text from the broker for use in errors and logs: on one line, and truncated to `limit` characters.
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
