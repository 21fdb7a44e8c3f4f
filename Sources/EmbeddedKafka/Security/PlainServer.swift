// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// The PLAIN mechanism (RFC 4616): a single message with the user and the password.
struct PlainServer: SASLServer {
    let credentials: UserCredentials

    mutating func respond(to message: Bytes, at time: Int64) -> SASLServerStep {
        let parts = message.split(separator: 0, omittingEmptySubsequences: false).map { Array($0) }
        guard parts.count == 3 else { return .refused }
        let user = String(decoding: parts[1], as: UTF8.self)
        // Like Kafka, refuse an authorization ID other than the user.
        guard parts[0].isEmpty || parts[0] == parts[1], !user.isEmpty,
            let password = self.credentials.password(of: user),
            HashFunction.areEqual(Array(password.utf8), parts[2])
        else { return .refused }
        return .accepted(Identity(user: user), Bytes())
    }
}
