// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import EmbeddedKafka

/// Retention and compaction, by the clock and on demand.
@Suite(.timeLimit(.minutes(1))) struct CleaningTests {
    private let clock = TestClock()

    private func withCluster(_ body: (EmbeddedKafka, RawClient) async throws -> Void) async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.clock = self.clock.loopClock
        try await EmbeddedKafkaTests.withCluster(configuration, body)
    }

    private func produce(_ records: [(String, String?)], _ client: RawClient) async throws {
        let bytes = try keyed(records, timestamp: self.clock.wallMilliseconds)
        let answer = try await client.ask(ProduceRequest.one(bytes, to: "t"), version: 9)
        #expect(answer.only.errorCode == .none)
    }

    /// Sets a setting of the topic.
    private func set(_ name: String, _ value: String, _ client: RawClient) async throws {
        var resource = IncrementalAlterConfigsRequest.AlterConfigsResource()
        resource.resourceType = 2
        resource.resourceName = "t"
        var config = IncrementalAlterConfigsRequest.AlterableConfig()
        config.name = name
        config.value = value
        resource.configs = [config]
        var request = IncrementalAlterConfigsRequest()
        request.resources = [resource]
        #expect(try await client.ask(request, version: 1).responses[0].errorCode == .none)
    }

    private func contents(_ kafka: EmbeddedKafka) async throws -> [String] {
        try await kafka.records(of: "t").map { "\($0.offset):\(text($0.key))=\(text($0.value))" }
    }

    @Test func recordsExpireByTheClock() async throws {
        try await self.withCluster { kafka, client in
            try await kafka.createTopic("t", configuration: ["retention.ms": "60000"])
            try await self.produce([("a", "1")], client)
            await self.clock.advance(by: .seconds(30))
            try await self.produce([("b", "1")], client)
            await self.clock.advance(by: .seconds(29))
            #expect(try await self.contents(kafka) == ["0:a=1", "1:b=1"])
            await self.clock.advance(by: .seconds(16))
            #expect(try await self.contents(kafka) == ["1:b=1"])
            #expect(try await kafka.offsets(of: "t", partition: 0) == 1..<2)
            await self.clock.advance(by: .seconds(60))
            #expect(try await kafka.offsets(of: "t", partition: 0) == 2..<2)
        }
    }

    @Test func aCompactedTopicIsCompactedByTheClock() async throws {
        try await self.withCluster { kafka, client in
            try await kafka.createTopic(
                "t", configuration: ["cleanup.policy": "compact", "delete.retention.ms": "60000"])
            try await self.produce([("a", "1"), ("b", "1")], client)
            try await self.produce([("a", "2"), ("b", nil)], client)
            await self.clock.advance(by: .seconds(15))
            #expect(try await self.contents(kafka) == ["2:a=2", "3:b=nil"])
            await self.clock.advance(by: .seconds(75))
            #expect(try await self.contents(kafka) == ["2:a=2"])
        }
    }

    @Test func aTopicIsCleanedOnDemandAndAfterItsPolicyHasChanged() async throws {
        try await self.withCluster { kafka, client in
            try await kafka.createTopic("t")
            try await self.produce([("a", "1")], client)
            try await self.produce([("a", "2")], client)
            try await kafka.clean()
            #expect(try await self.contents(kafka) == ["0:a=1", "1:a=2"])
            try await self.set("cleanup.policy", "compact", client)
            try await kafka.clean()
            #expect(try await self.contents(kafka) == ["1:a=2"])
        }
    }

    @Test func aSmallerSizeTakesEffectOnATopicThatIsNotWrittenTo() async throws {
        try await self.withCluster { kafka, client in
            try await kafka.createTopic("t")
            for key in ["a", "b", "c"] {
                try await self.produce([(key, String(repeating: "x", count: 900_000))], client)
            }
            try await self.set("retention.bytes", "1000000", client)
            await self.clock.advance(by: .seconds(15))
            #expect(try await kafka.offsets(of: "t", partition: 0) == 1..<3)
            let isWaiting = try await kafka.onLoop { $0.isCleanerWaiting }
            #expect(!isWaiting)
        }
    }

    @Test func theCleanerHasNoTimerWhileThereIsNothingToClean() async throws {
        try await self.withCluster { kafka, client in
            try await kafka.createTopic("t")
            try await self.produce([("a", "1")], client)
            try await kafka.createTopic("empty", configuration: ["retention.ms": "1000"])
            let isWaiting = try await kafka.onLoop { $0.isCleanerWaiting }
            #expect(!isWaiting)
        }
    }
}
