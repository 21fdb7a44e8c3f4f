// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// The broker's side of an authentication by one mechanism. It only processes the mechanism's messages.
protocol SASLServer {
    /// - Parameter time: The current time in milliseconds since 1970.
    mutating func respond(to message: Bytes, at time: Int64) -> SASLServerStep
}

/// The result of a client's message.
enum SASLServerStep {
    /// Sends a challenge and waits for another message.
    case challenge(Bytes)
    /// The client is authenticated. The bytes are the last message to send.
    case accepted(Identity, Bytes)
    /// The credentials are invalid or the message is malformed.
    case refused
}

/// An authenticated user.
struct Identity: Hashable, Sendable {
    /// The only principal type that brokers have by default.
    static let principalType = "User"

    var user: String
    /// Whether the user has authenticated with a delegation token.
    var isByToken = false
    /// The expiry of the credentials in milliseconds since 1970, or nil if they don't expire.
    var endsAt: Int64?
}
