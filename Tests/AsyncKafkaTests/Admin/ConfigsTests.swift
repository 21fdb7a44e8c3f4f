// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import AsyncKafka

/// The calls about settings, on the embedded broker.
@Suite(.timeLimit(.minutes(1))) struct ConfigsTests {
    private let clock = TestClock()

    private func withAdmin(
        without withheld: Set<EmbeddedKafka.API> = [],
        _ body: @escaping @Sendable (EmbeddedKafka, KafkaAdminClient) async throws -> Void
    ) async throws {
        var configuration = EmbeddedKafka.Configuration(brokers: 3)
        configuration.withheldAPIs = withheld
        try await self.clock.withAdminClient(configuration, body)
    }

    @Test func settingsAreDescribedWithTheirSources() async throws {
        try await self.withAdmin { kafka, admin in
            try await kafka.createTopic("t", configuration: ["retention.ms": "60000"])
            let results = await admin.describeConfigs([.topic("t"), .topic("missing"), .broker(2)])
            let config = try #require(try results[.topic("t")]?.get())
            #expect(config["retention.ms"].map { "\($0)" } == "retention.ms=60000 (topic)")
            #expect(config["cleanup.policy"].map { "\($0)" } == "cleanup.policy=delete (default)")
            #expect(config["cleanup.policy"]?.isDefault == true)
            #expect(config["no.such.setting"] == nil)
            #expect(config.entries.map(\.name) == config.entries.map(\.name).sorted())
            #expect("\(config)".contains("\nretention.ms=60000 (topic)"))
            let error = #expect(throws: KafkaError.self) { try results[.topic("missing")]?.get() }
            #expect(error?.code == .unknownTopicOrPartition)
            #expect(error?.topic == "missing")
            #expect(throws: Never.self) { try results[.broker(2)]?.get() }
        }
    }

    @Test func onlyTheWantedSettingsAreDescribed() async throws {
        try await self.withAdmin { kafka, admin in
            try await kafka.createTopic("t", configuration: ["retention.ms": "60000"])
            let wanted: Set = ["retention.ms", "cleanup.policy"]
            let config = try await admin.describeConfigs([.topic("t")], keys: wanted).allSucceeded()[.topic("t")]
            #expect(config?.entries.map(\.name) == ["cleanup.policy", "retention.ms"])
        }
    }

    @Test func brokersThatListNoResourcesAreAnErrorThatNamesTheRelease() async throws {
        try await self.withAdmin(without: [.listConfigResources]) { _, admin in
            let error = await #expect(throws: KafkaError.self) { try await admin.listConfigResources() }
            #expect(error?.code == .unsupportedVersion && error?.message.contains("Kafka 3.7") == true)
            let none = try await admin.listConfigResources(kinds: [])
            #expect(none.isEmpty)
        }
    }

    /// Before Kafka 4.1 the request has no kinds, and the answer has client metrics subscriptions only.
    @Test func otherKindsOfResourcesNeedANewerBroker() throws {
        let recipient = Recipient(broker: Broker(id: 1, host: "a", port: 1), version: 0, metadata: .empty)
        let all = ListConfigResourcesCall(kinds: nil)
        let error = #expect(throws: KafkaError.self) { try all.request(for: [OnlyItem()], to: recipient) }
        #expect(error?.code == .unsupportedVersion && error?.message.contains("Kafka 4.1") == true)
        let metrics = ListConfigResourcesCall(kinds: [.clientMetrics])
        #expect(try metrics.request(for: [OnlyItem()], to: recipient).resourceTypes.isEmpty)
    }

    @Test func aBrokersSettingsAreItsOwnToDescribe() async throws {
        try await self.withAdmin { kafka, admin in
            kafka.inject(.fail(.clusterAuthorizationFailed), on: .describeConfigs, broker: 3, times: nil)
            let results = await admin.describeConfigs([.broker(1), .broker(2), .broker(3)])
            #expect(throws: Never.self) { try results[.broker(1)]?.get() }
            #expect(throws: Never.self) { try results[.broker(2)]?.get() }
            let error = #expect(throws: KafkaError.self) { try results[.broker(3)]?.get() }
            #expect(error?.code == .authorizationFailed)
            #expect(error?.message.contains("broker 3") == true)
            #expect(kafka.requests.filter { $0.api == .describeConfigs }.map(\.broker).sorted() == [1, 2, 3])
        }
    }

    @Test func secretsAreNotPrinted() {
        let entry = ConfigEntry(
            name: "ssl.key.password", value: "hush", source: .file, isSensitive: true, isReadOnly: true)
        #expect("\(entry)" == "ssl.key.password=(hidden) (file, read only)")
    }

    @Test func aBrokerWithoutIncrementalChangesIsAnErrorThatNamesTheRelease() async throws {
        try await self.withAdmin(without: [.incrementalAlterConfigs]) { kafka, admin in
            let results = await admin.incrementalAlterConfigs([
                .topic("t"): [.set("retention.ms", to: "1")], .broker(1): [.delete("log.retention.ms")],
            ])
            #expect(results.count == 2)
            for result in results.values {
                let error = #expect(throws: KafkaError.self) { try result.get() }
                #expect(error?.code == .unsupportedVersion)
                #expect(error?.message.contains("IncrementalAlterConfigs: it came with Kafka 2.3") == true)
            }
        }
    }
}
