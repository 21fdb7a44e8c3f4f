// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

/// A mechanism whose credentials expire. A session ends with its credentials, so those that renew it must outlast it.
protocol ExpiringCredentialsMechanism: SASLMechanism {
    /// Begins the re-authentication of a connection whose session ends at `end`.
    ///
    /// - Parameter limit: The maximum time to wait for credentials that outlast the session, if the current ones are
    ///   still valid.
    func makeExchange(
        with server: KafkaServer, outlasting end: MonotonicTime, within limit: Duration
    ) async throws -> any SASLExchange

    /// The beginning of the error for credentials that are late: what is late, and how long it may take.
    var lateCredentials: String { get }

    /// Reports that a broker has accepted or refused the credentials sent by an exchange.
    func judged(_ exchange: any SASLExchange, isAccepted: Bool)

    /// Returns why the current credentials couldn't be replaced, once for each failure.
    func takeReplacementFailure() -> KafkaError?
}

/// The exchange of a mechanism whose credentials expire.
protocol ExpiringCredentialsExchange: SASLExchange {
    /// Whether it is too late to send the credentials at `time`, in milliseconds since 1970.
    func isOver(at time: Int64) -> Bool
}
