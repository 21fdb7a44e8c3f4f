// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// A mechanism whose credentials end, and a session with them: what a session is renewed with has to outlast it.
protocol ExpiringCredentialsMechanism: SASLMechanism {
    /// Begins a later authentication of a connection whose session ends at a time.
    ///
    /// - Parameter limit: how long to wait for what outlasts it, if there is something else that is still good.
    func makeExchange(
        with server: KafkaServer, outlasting end: MonotonicTime, within limit: Duration
    ) async throws -> any SASLExchange

    /// The beginning of the error when the credentials are not there in time: what is late, and how long it may take.
    var lateCredentials: String { get }

    /// A broker has accepted, or refused, what one of the mechanism's exchanges has sent.
    func judged(_ exchange: any SASLExchange, isAccepted: Bool)

    /// Why the credentials in use could not be replaced, once for each time.
    func takeReplacementFailure() -> KafkaError?
}

/// The messages that credentials with an end are sent in.
protocol ExpiringCredentialsExchange: SASLExchange {
    /// Whether it is too late to send them, at a time in milliseconds since 1970.
    func isOver(at time: Int64) -> Bool
}
