// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The API versions that a broker supports, and the features that the cluster has enabled.
struct BrokerVersions: Sendable {
    private let broker: Broker
    private let ranges: [APIKey: ClosedRange<Int16>]
    /// The levels of finalized features (KIP-584), for example of `transaction.version`.
    let finalizedFeatures: [String: Int16]

    init(broker: Broker, ranges: [APIKey: ClosedRange<Int16>], finalizedFeatures: [String: Int16] = [:]) {
        self.broker = broker
        self.ranges = ranges
        self.finalizedFeatures = finalizedFeatures
    }

    init(broker: Broker, response: ApiVersionsResponse) {
        var ranges: [APIKey: ClosedRange<Int16>] = [:]
        for api in response.apiKeys where api.minVersion >= 0 && api.maxVersion >= api.minVersion {
            ranges[APIKey(rawValue: api.apiKey)] = api.minVersion...api.maxVersion
        }
        var features: [String: Int16] = [:]
        for feature in response.finalizedFeatures { features[feature.name] = feature.maxVersionLevel }
        self.init(broker: broker, ranges: ranges, finalizedFeatures: features)
    }

    /// Throws if the broker is older than Kafka 2.1, the oldest version that this library supports (KIP-896). Version 7
    /// of Produce, which came with 2.1 (KIP-110), shows the difference.
    func requireOldestSupported() throws(KafkaError) {
        guard let offered = self.ranges[.produce], offered.upperBound < 7 else { return }
        throw KafkaError(
            .unsupportedVersion,
            """
            The broker speaks Produce versions \(offered.lowerBound) to \(offered.upperBound): it is older than Kafka 2.1, which \
            AsyncKafka needs. Upgrade it, or use a client of its age.
            """, broker: self.broker.description)
    }

    /// Returns the newest version of a request that both sides support, at most `limit`.
    func version<Request: KafkaRequest>(
        for request: Request.Type, atMost limit: Int16? = nil
    ) throws(KafkaError) -> Int16 {
        let newest = min(limit ?? Int16.max, Request.latestStableVersion)
        // Kafka 4 lists Produce 0–2 for old clients but rejects them (KAFKA-18659).
        let oldest = Request.apiKey == .produce ? 3 : Request.validVersions.lowerBound
        guard let offered = self.ranges[Request.apiKey] else {
            throw KafkaError(
                .unsupportedVersion,
                "The broker has no \(Request.apiKey): \(Request.apiKey.absence)",
                broker: self.broker.description)
        }
        let version = min(newest, offered.upperBound)
        guard version >= max(oldest, offered.lowerBound) else {
            throw KafkaError(
                .unsupportedVersion,
                """
                The broker speaks \(Request.apiKey) versions \(offered.lowerBound) to \(offered.upperBound), and this \
                needs one from \(oldest) to \(newest). AsyncKafka needs Kafka 2.1 or later.
                """, broker: self.broker.description)
        }
        return version
    }

    /// Returns the newest version of a request that both sides support, within `range`.
    func version<Request: KafkaRequest>(
        for request: Request.Type, within range: ClosedRange<Int16>
    ) throws(KafkaError) -> Int16 {
        let version = try self.version(for: request, atMost: range.upperBound)
        guard version >= range.lowerBound else {
            throw KafkaError(
                .unsupportedVersion,
                "The broker speaks \(Request.apiKey) up to version \(version), and this needs version \(range.lowerBound).",
                broker: self.broker.description)
        }
        return version
    }

    /// Whether both sides support a version of a request.
    func supports<Request: KafkaRequest>(_ request: Request.Type, version: Int16) -> Bool {
        guard let offered = self.ranges[Request.apiKey] else { return false }
        return offered.contains(version) && Request.validVersions.contains(version)
    }
}
