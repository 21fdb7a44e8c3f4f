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
    func makeExchange(with server: KafkaServer, outlasting end: MonotonicTime) async throws -> any SASLExchange
}

/// The messages that credentials with an end are sent in.
protocol ExpiringCredentialsExchange: SASLExchange {
    /// Whether it is too late to send them, at a time in milliseconds since 1970.
    func isOver(at time: Int64) -> Bool
}
