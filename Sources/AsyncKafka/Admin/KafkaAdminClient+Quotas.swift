// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension KafkaAdminClient {
    /// Returns the quotas that are set (KIP-546, Kafka 2.6).
    ///
    /// - Parameters:
    ///   - filter: Whose quotas to return. Default: all.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: The limits of each entity that has any.
    /// - Throws: `.unsupportedVersion` with brokers below Kafka 2.6, and the errors of all calls.
    public func describeClientQuotas(
        matching filter: ClientQuotaFilter = .all, timeout: Duration? = nil
    ) async throws(KafkaError) -> [ClientQuotaEntity: [ClientQuota: Double]] {
        try await self.perform(DescribeClientQuotasCall(filter: filter), timeout: timeout)
    }

    /// Sets and removes quotas (KIP-546, Kafka 2.6).
    ///
    /// ```swift
    /// try await admin.alterClientQuotas([
    ///     .user("alice"): [.set(.producerByteRate, to: 1_000_000), .remove(.requestPercentage)],
    ///     .user(.default, clientID: "batch"): [.set(.consumerByteRate, to: 500_000)],
    /// ]).allSucceeded()
    /// ```
    ///
    /// - Parameters:
    ///   - changes: The changes of each entity, all of which are made, or none.
    ///   - validateOnly: Whether the brokers only check that they could make the changes. Default: false.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each entity. It is `.unsupportedVersion` with brokers below Kafka 2.6.
    public func alterClientQuotas(
        _ changes: [ClientQuotaEntity: [ClientQuotaChange]], validateOnly: Bool = false, timeout: Duration? = nil
    ) async -> [ClientQuotaEntity: Result<Void, KafkaError>] {
        let call = AlterClientQuotasCall(changes: changes, validateOnly: validateOnly)
        return await self.perform(call, for: changes.keys, timeout: timeout)
    }
}
