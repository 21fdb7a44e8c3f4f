// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension KafkaAdminClient {
    /// Returns the features of the cluster and their versions (KIP-584).
    ///
    /// - Parameter timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: The features as one broker knows them. Brokers below Kafka 2.7 have none.
    /// - Throws: The errors of all calls.
    public func describeFeatures(timeout: Duration? = nil) async throws(KafkaError) -> FeatureMetadata {
        try await self.perform(DescribeFeaturesCall(), timeout: timeout)
    }

    /// Changes the versions of features (KIP-584, Kafka 2.7), such as `metadata.version` after an upgrade of all brokers.
    ///
    /// - Parameters:
    ///   - updates: The change of each feature. Since Kafka 4.0 all changes are made, or none.
    ///   - validateOnly: Whether the controller only checks that it could make the changes. Requires Kafka 3.3. Default: false.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each feature. The `brokerCode` is `.invalidUpdateVersion` for a version that some broker
    ///   doesn't support, for an upgrade to a lower version, and for a downgrade that isn't safe.
    public func updateFeatures(
        _ updates: [String: FeatureUpdate], validateOnly: Bool = false, timeout: Duration? = nil
    ) async -> [String: Result<Void, KafkaError>] {
        let call = UpdateFeaturesCall(
            updates: updates, validateOnly: validateOnly, timeout: self.brokerTimeout(timeout))
        return await self.perform(call, for: updates.keys, timeout: timeout)
    }
}
