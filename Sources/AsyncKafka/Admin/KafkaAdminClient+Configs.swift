// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension KafkaAdminClient {
    /// Describes the settings of topics, brokers and other resources.
    ///
    /// A broker describes its own settings; any broker describes the others.
    ///
    /// - Parameters:
    ///   - resources: The resources.
    ///   - keys: The names of the settings to describe, or nil for all. An empty set has none. Default: nil.
    ///   - includeSynonyms: Whether all values that a setting could have are included, with their sources (KIP-226). Default:
    ///     false.
    ///   - includeDocumentation: Whether Kafka's descriptions of the settings are included (KIP-569). Brokers below Kafka 2.6
    ///     have none. Default: false.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each resource. It is `.unknownTopicOrPartition` for a topic that doesn't exist.
    public func describeConfigs(
        _ resources: [ConfigResource], keys: Set<String>? = nil, includeSynonyms: Bool = false,
        includeDocumentation: Bool = false, timeout: Duration? = nil
    ) async -> [ConfigResource: Result<ResourceConfig, KafkaError>] {
        let call = DescribeConfigsCall(
            keys: keys, includesSynonyms: includeSynonyms, includesDocumentation: includeDocumentation)
        return await self.perform(call, for: resources, timeout: timeout)
    }

    /// Changes settings of topics, brokers and other resources, and leaves all others as they are (KIP-339, Kafka 2.3).
    ///
    /// ```swift
    /// let results = await admin.incrementalAlterConfigs([
    ///     .topic("orders"): [.set("retention.ms", to: "86400000"), .delete("segment.bytes")]
    /// ])
    /// ```
    ///
    /// - Parameters:
    ///   - changes: The changes of each resource, all of which are made, or none.
    ///   - validateOnly: Whether the brokers only check that they could make the changes. Default: false.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each resource. It is `.unsupportedVersion` with brokers below Kafka 2.3; the `brokerCode` is
    ///   `.invalidConfig` for a name or value that Kafka doesn't accept. If `isOutcomeUnknown` is true, the changes may have
    ///   been made.
    public func incrementalAlterConfigs(
        _ changes: [ConfigResource: [ConfigChange]], validateOnly: Bool = false, timeout: Duration? = nil
    ) async -> [ConfigResource: Result<Void, KafkaError>] {
        let call = IncrementalAlterConfigsCall(changes: changes, validateOnly: validateOnly)
        return await self.perform(call, for: changes.keys, timeout: timeout)
    }

    /// Lists the resources that have settings of their own (KIP-1142).
    ///
    /// - Parameters:
    ///   - kinds: The kinds to list, or nil for all. Brokers from Kafka 3.7 to 4.0 list client metrics subscriptions only (KIP-1000).
    ///     Default: nil.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: The resources, by kind and name: topics and brokers that exist, and groups and client metrics subscriptions with
    ///   settings.
    /// - Throws: `.unsupportedVersion` with brokers below Kafka 3.7, and with brokers below Kafka 4.1 unless `kinds` is only
    ///   `.clientMetrics`; and the errors of all calls.
    public func listConfigResources(
        kinds: Set<ConfigResource.Kind>? = nil, timeout: Duration? = nil
    ) async throws(KafkaError) -> [ConfigResource] {
        if kinds?.isEmpty == true { return [] }
        return try await self.perform(ListConfigResourcesCall(kinds: kinds), timeout: timeout).sorted {
            ($0.kind.rawValue, $0.name) < ($1.kind.rawValue, $1.name)
        }
    }
}
