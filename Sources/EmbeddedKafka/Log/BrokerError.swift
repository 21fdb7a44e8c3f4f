// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// An error response of a broker: the code, and a message for the APIs that have a field for it.
struct BrokerError: Error, Hashable, Sendable {
    var code: ErrorCode
    var message: String?
    /// The errors of single records of a batch, by their index (KIP-467).
    var records: [Int32: String]

    init(_ code: ErrorCode, _ message: String? = nil, records: [Int32: String] = [:]) {
        self.code = code
        self.message = message
        self.records = records
    }
}
