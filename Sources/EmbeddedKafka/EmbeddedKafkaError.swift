// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import KafkaProtocol

/// An error of an embedded cluster.
public struct EmbeddedKafkaError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The error code that Kafka returns in this case, or nil if Kafka has none, as for a cluster that has been stopped.
    public var code: ErrorCode?
    /// A sentence that describes the error.
    public var description: String

    init(_ description: String, code: ErrorCode? = nil) {
        self.code = code
        self.description = description
    }

    static let stopped = EmbeddedKafkaError("The cluster has been stopped.")

    init(_ error: BrokerError) {
        self.init(error.message ?? error.code.description, code: error.code)
    }
}
