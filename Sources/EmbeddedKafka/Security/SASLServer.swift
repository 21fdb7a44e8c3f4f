// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// The broker's side of one authentication: the mechanism's messages and nothing else.
protocol SASLServer {
    /// - Parameter time: milliseconds since 1970.
    mutating func respond(to message: Bytes, at time: Int64) -> SASLServerStep
}

/// What follows a client's message.
enum SASLServerStep {
    /// Send this and wait for more.
    case challenge(Bytes)
    /// The client is who it says; send this last.
    case accepted(Identity, Bytes)
    /// It isn't, or has not followed the mechanism's rules.
    case refused
}

/// Who has logged in.
struct Identity: Hashable, Sendable {
    /// The one type of principal that brokers know by themselves.
    static let principalType = "User"

    var user: String
    /// Whether it was by a delegation token.
    var isByToken = false
    /// When the credentials end, in milliseconds since 1970; nil if they don't.
    var endsAt: Int64?
}
