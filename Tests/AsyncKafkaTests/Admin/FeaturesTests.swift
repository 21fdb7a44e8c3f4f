// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Testing

@testable import AsyncKafka

/// The calls about features, on scripted brokers.
@Suite(.timeLimit(.minutes(1))) struct FeaturesTests {
    @Test func featuresAreDescribed() async throws {
        try await AnsweringBrokers.withAdmin(
            .to(ApiVersionsRequest.self) { request, _ in
                var response = ApiVersionsResponse()
                response.apiKeys = [(APIKey.apiVersions, Int16(4)), (.metadata, 8)].map { key, newest in
                    var api = ApiVersionsResponse.ApiVersion()
                    api.apiKey = key.rawValue
                    api.maxVersion = newest
                    return api
                }
                response.finalizedFeaturesEpoch = 12
                response.supportedFeatures = [("b", Int16(0), Int16(2)), ("a", 7, 27)].map { name, oldest, newest in
                    var feature = ApiVersionsResponse.SupportedFeatureKey()
                    feature.name = name
                    feature.minVersion = oldest
                    feature.maxVersion = newest
                    return feature
                }
                var finalized = ApiVersionsResponse.FinalizedFeatureKey()
                finalized.name = "a"
                finalized.maxVersionLevel = 25
                response.finalizedFeatures = [finalized]
                return response
            }
        ) { _, admin in
            let features = try await admin.describeFeatures()
            #expect("\(features)" == "a: 25 (supported: 7 to 27)\nb: not in effect (supported: 0 to 2)")
            #expect(features.finalizedEpoch == 12)
            #expect(features.supported["b"] == 0...2)
        }
    }

    private let updates: [String: FeatureUpdate] = [
        "a": .upgrade(to: 3), "b": .downgrade(to: 2), "c": .unsafeDowngrade(to: 1),
    ]

    @Test(arguments: [Int16(0), 1, 2])
    func featuresAreUpdated(version: Int16) async throws {
        let received = Lock<UpdateFeaturesRequest?>(nil)
        try await AnsweringBrokers.withAdmin(
            .to(UpdateFeaturesRequest.self, versions: 0...version) { request, _ in
                received.withLock { $0 = request }
                var response = UpdateFeaturesResponse()
                response.errorCode = version < 2 ? .none : .invalidUpdateVersion
                guard version < 2 else { return response }
                response.results = request.featureUpdates.map { update in
                    var result = UpdateFeaturesResponse.UpdatableFeatureResult()
                    result.feature = update.feature
                    result.errorCode = update.feature == "a" ? .none : .invalidUpdateVersion
                    return result
                }
                return response
            }
        ) { _, admin in
            let results = await admin.updateFeatures(self.updates)
            #expect(results.count == 3)
            if version < 2 { #expect(throws: Never.self) { try results["a"]?.get() } }
            for feature in version < 2 ? ["b", "c"] : ["a", "b", "c"] {
                let error = #expect(throws: KafkaError.self) { try results[feature]?.get() }
                #expect(error?.brokerCode == .invalidUpdateVersion)
                #expect(error?.message.contains("feature \(feature)") == true)
            }
            let request = try #require(received.withLock { $0 })
            let sent = request.featureUpdates.sorted { $0.feature < $1.feature }
            #expect(sent.map(\.maxVersionLevel) == [3, 2, 1])
            if version == 0 {
                #expect(sent.map(\.allowDowngrade) == [false, true, true])
            } else {
                #expect(sent.map(\.upgradeType) == [1, 2, 3])
            }

            let validated = await admin.updateFeatures(["a": .upgrade(to: 3)], validateOnly: true)
            if version == 0 {
                let error = #expect(throws: KafkaError.self) { try validated["a"]?.get() }
                #expect(error?.code == .unsupportedVersion)
                #expect(error?.message.contains("Kafka 3.3") == true)
            } else {
                #expect(received.withLock { $0?.validateOnly } == true)
            }
        }
    }
}
