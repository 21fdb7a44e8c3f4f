// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import KafkaProtocol

extension KafkaTransactionalProducer {
    /// Returns the ID under which the cluster knows this producer's metrics, as ``KafkaProducer/clientInstanceID(timeout:)`` does.
    ///
    /// - Parameter timeout: The maximum time to wait. Default: nil, ``KafkaClientConfiguration/apiTimeout``.
    public func clientInstanceID(timeout: Duration? = nil) async throws(KafkaError) -> KafkaUUID {
        try await self.producer.clientInstanceID(timeout: timeout)
    }
}
