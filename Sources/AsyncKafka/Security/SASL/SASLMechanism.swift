// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import KafkaMemory

/// A way to authenticate with a broker.
///
/// Kafka's own mechanisms come with the library (`.plain`, `.scramSHA512`, `.oauthBearer`, …). Conform a type of your own for
/// a cluster that uses another one: only ``SASLMechanism/name`` and ``SASLMechanism/makeExchange(with:)`` are required.
public protocol SASLMechanism: Sendable {
    /// The mechanism's name on the wire, such as `SCRAM-SHA-512`.
    var name: String { get }

    /// Where the credentials come from, as the subject of an error message: "The token provider". Default: "The source of
    /// the credentials", with the mechanism's name.
    var credentialsSource: String { get }

    /// Begins one authentication of a connection.
    ///
    /// Fetch a password or a token here, not in the exchange: a connection that authenticates again (KIP-368) continues to
    /// work until this method returns. It runs off the event loop, so that it may compute or block.
    ///
    /// - Parameter server: The broker.
    /// - Returns: The client's side of the authentication.
    /// - Throws: Any error, which fails the connection attempt: a ``KafkaError`` unchanged, any other error as a retriable
    ///   `.authenticationFailed` with that error as its `underlyingError`. The attempt is repeated after a backoff.
    func makeExchange(with server: KafkaServer) async throws -> any SASLExchange

    /// Begins the re-authentication of a connection whose session is about to end (KIP-368).
    ///
    /// Default: the result of ``SASLMechanism/makeExchange(with:)``. Implement it if credentials are cached, so that a session isn't renewed
    /// with credentials that expire with it.
    ///
    /// - Parameters:
    ///   - server: The broker.
    ///   - remaining: The remaining time of the current session. The credentials should last longer.
    ///   - limit: The maximum time to wait for such credentials, if there are others that are still valid.
    /// - Returns: The client's side of the authentication.
    /// - Throws: Any error. The attempt is repeated after a backoff as long as the session lasts; then the connection is
    ///   closed.
    func makeExchange(
        with server: KafkaServer, renewingSessionThatEndsIn remaining: Duration, within limit: Duration
    ) async throws -> any SASLExchange
}

extension SASLMechanism {
    /// "The source of the credentials", with the mechanism's name.
    public var credentialsSource: String { "The source of the credentials for \(self.name)" }

    /// Returns the result of ``SASLMechanism/makeExchange(with:)``, regardless of the session.
    ///
    /// - Throws: Whatever that method throws.
    public func makeExchange(
        with server: KafkaServer, renewingSessionThatEndsIn remaining: Duration, within limit: Duration
    ) async throws -> any SASLExchange {
        try await self.makeExchange(with: server)
    }
}

/// The client's side of one authentication. Only ``SASLExchange/respond(to:)`` is required.
public protocol SASLExchange: Sendable {
    /// Returns the response to a challenge.
    ///
    /// - Parameter challenge: The broker's last message, or nil at the beginning.
    /// - Returns: The message to send, or `.done`.
    /// - Throws: Any error, which ends the authentication and closes the connection. Throw it if the broker isn't authentic.
    mutating func respond(to challenge: Bytes?) throws -> SASLResponse

    /// The broker's reason for refusing the credentials, if the mechanism has a message of its own for it. Default: nil,
    /// since Kafka's error usually contains the reason.
    var refusal: String? { get }

    /// The secrets in the exchange's messages. They are removed from errors and logs, where a broker may quote them.
    /// Default: nil, which treats all sent messages as secret.
    var secrets: [String]? { get }

    /// The warning to log, for instance that the credentials are about to expire. It is read once, when the exchange begins.
    /// Default: nil.
    var warning: String? { get }

    /// Returns whether it is too late to begin the exchange, because its credentials have expired. A renewal may have to wait
    /// for requests in flight; if this returns true afterwards, another exchange is made. Default: false.
    func isExpired(at now: Timestamp) -> Bool

    /// Called when the broker has accepted or refused the credentials. Default: does nothing.
    func ended(isAccepted: Bool)
}

extension SASLExchange {
    /// Nil: the reason in Kafka's error is used.
    public var refusal: String? { nil }
    /// Nil: all sent messages are secret.
    public var secrets: [String]? { nil }
    /// Nil: there is no warning.
    public var warning: String? { nil }
    /// Returns false: the credentials don't expire.
    public func isExpired(at now: Timestamp) -> Bool { false }
    /// Does nothing.
    public func ended(isAccepted: Bool) {}
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

    /// The same as ``SASLResponse/description``, so that debuggers and collections don't reveal the message.
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
