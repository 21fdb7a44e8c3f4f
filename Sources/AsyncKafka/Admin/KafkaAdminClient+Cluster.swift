// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension KafkaAdminClient {
    /// Describes the cluster and its brokers.
    ///
    /// - Parameters:
    ///   - includeFencedBrokers: Whether brokers that are registered and fenced are included (KIP-1073). Requires Kafka 4.0.
    ///     Default: false.
    ///   - includeAuthorizedOperations: Whether the operations that the client is authorized for are included (KIP-430).
    ///     Default: false.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: The cluster as one broker knows it.
    /// - Throws: `.unsupportedVersion` if `includeFencedBrokers` is set and the broker is older than Kafka 4.0, and the errors
    ///   of all calls.
    public func describeCluster(
        includeFencedBrokers: Bool = false, includeAuthorizedOperations: Bool = false, timeout: Duration? = nil
    ) async throws(KafkaError) -> ClusterDescription {
        let deadline = self.deadline(timeout)
        do throws(KafkaError) {
            return try await self.cluster.perform(
                DescribeClusterCall(
                    includesFencedBrokers: includeFencedBrokers,
                    includesAuthorizedOperations: includeAuthorizedOperations), deadline: deadline)
        } catch {
            guard error.code == .unsupportedVersion else { throw error }
            if includeFencedBrokers { throw DescribeClusterCall.noFencedBrokers(error.broker) }
        }
        // Brokers below Kafka 2.8 have no DescribeCluster.
        return try await self.cluster.perform(
            ClusterMetadataCall(includesAuthorizedOperations: includeAuthorizedOperations), deadline: deadline)
    }
}
