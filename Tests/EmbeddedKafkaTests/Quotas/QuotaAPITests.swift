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

/// AlterClientQuotas and DescribeClientQuotas, and clients that are throttled.
@Suite(.timeLimit(.minutes(1))) struct QuotaAPITests {
    private let clock = TestClock()

    private func withCluster(_ body: (EmbeddedKafka, RawClient) async throws -> Void) async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.clock = self.clock.loopClock
        try await EmbeddedKafkaTests.withCluster(configuration, body)
    }

    /// Changes quotas of one entity, whose parts are written as `user=alice` or `client-id=` for the default.
    private func alter(
        _ entity: [String], _ values: [(String, Double?)], validateOnly: Bool = false, _ client: RawClient
    ) async throws -> ErrorCode {
        var entry = AlterClientQuotasRequest.EntryData()
        entry.entity = entity.map { text in
            let parts = text.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
            var part = AlterClientQuotasRequest.EntityData()
            part.entityType = parts[0]
            part.entityName = parts[1].isEmpty ? nil : parts[1]
            return part
        }
        entry.ops = values.map { key, value in
            var operation = AlterClientQuotasRequest.OpData()
            operation.key = key
            operation.value = value ?? 0
            operation.remove = value == nil
            return operation
        }
        var request = AlterClientQuotasRequest()
        request.entries = [entry]
        request.validateOnly = validateOnly
        return try await client.ask(request, version: 1).entries[0].errorCode
    }

    private func describe(
        _ components: [(String, Int8, String?)] = [], strict: Bool = false, _ client: RawClient
    ) async throws -> [String] {
        var request = DescribeClientQuotasRequest()
        request.components = components.map { type, match, name in
            var component = DescribeClientQuotasRequest.ComponentData()
            component.entityType = type
            component.matchType = match
            component.match = name
            return component
        }
        request.strict = strict
        let answer = try await client.ask(request, version: 1)
        guard answer.errorCode == .none else { return ["\(answer.errorCode)"] }
        return (answer.entries ?? []).map { entry in
            let entity = entry.entity.map { "\($0.entityType)=\($0.entityName ?? "")" }.joined(separator: ",")
            return "\(entity): " + entry.values.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        }.sorted()
    }

    @Test func quotasAreSetRemovedAndDescribed() async throws {
        try await self.withCluster { _, client in
            let rates: [(String, Double?)] = [("producer_byte_rate", 1000), ("consumer_byte_rate", 2000)]
            let validated = try await self.alter(["user=alice"], rates, validateOnly: true, client)
            #expect(validated == .none)
            #expect(try await self.describe([], client) == [])
            #expect(try await self.alter(["user=alice"], rates, client) == .none)
            #expect(try await self.alter(["user=alice", "client-id="], [rates[0]], client) == .none)
            #expect(try await self.alter(["client-id=c"], [("controller_mutation_rate", 1.5)], client) == .none)
            #expect(try await self.alter(["ip=10.0.0.1"], [("connection_creation_rate", 5)], client) == .none)
            let ofAlice = "user=alice: consumer_byte_rate=2000.0 producer_byte_rate=1000.0"
            let ofAlicesClients = "user=alice,client-id=: producer_byte_rate=1000.0"
            let ofClient = "client-id=c: controller_mutation_rate=1.5"
            let ofAddress = "ip=10.0.0.1: connection_creation_rate=5.0"
            #expect(try await self.describe([], client) == [ofClient, ofAddress, ofAlicesClients, ofAlice])
            #expect(try await self.describe([("user", 0, "alice")], client) == [ofAlicesClients, ofAlice])
            #expect(try await self.describe([("user", 0, "alice")], strict: true, client) == [ofAlice])
            #expect(try await self.describe([("client-id", 2, nil)], client) == [ofClient, ofAlicesClients])
            #expect(try await self.describe([("client-id", 1, nil)], client) == [ofAlicesClients])
            #expect(try await self.describe([("team", 2, nil)], client) == ["\(ErrorCode.unsupportedVersion)"])
            #expect(
                try await self.describe([("ip", 2, nil), ("user", 2, nil)], client) == ["\(ErrorCode.invalidRequest)"])
            #expect(try await self.alter(["user=alice"], rates.map { ($0.0, nil) }, client) == .none)
            #expect(try await self.describe([("user", 0, "alice")], strict: true, client) == [])
        }
    }

    @Test func invalidQuotasAreRefused() async throws {
        try await self.withCluster { _, client in
            let refused: [([String], [(String, Double?)])] = [
                ([], [("producer_byte_rate", 1)]), (["team=a"], [("producer_byte_rate", 1)]),
                (["user=a", "user=b"], [("producer_byte_rate", 1)]), (["user=a", "ip=1"], [("producer_byte_rate", 1)]),
                (["user=a"], [("no_such_rate", 1)]), (["user=a"], [("connection_creation_rate", 1)]),
                (["ip=1"], [("producer_byte_rate", 1)]), (["user=a"], [("producer_byte_rate", 0)]),
                (["user=a"], [("producer_byte_rate", 1.5)]),
                (["user=a"], [("controller_mutation_rate", .infinity)]),
                (["user=a"], [("producer_byte_rate", 1), ("producer_byte_rate", 2)]),
            ]
            for (entity, values) in refused {
                let code = try await self.alter(entity, values, client)
                #expect(code == .invalidRequest, "\(entity) \(values)")
            }
            #expect(try await self.describe([], client) == [])
        }
    }

    @Test func aProducerThatSendsTooMuchHasToWait() async throws {
        try await self.withCluster { kafka, client in
            try await kafka.createTopic("t")
            #expect(try await self.alter(["client-id=raw"], [("producer_byte_rate", 100)], client) == .none)
            let other = try await RawClient.connect(to: kafka.bootstrapServers[0], clientID: "other")
            defer { other.close() }
            let large = ProduceRequest.one(try batch([String(repeating: "x", count: 2000)]), to: "t")
            let answer = try await client.ask(large, version: 9)
            #expect(answer.only.errorCode == .none)
            #expect(answer.throttleTimeMs > 5000)
            // The record is there, and the answer was given at once. The next request waits.
            #expect(try await kafka.records(of: "t").count == 1)
            let next = try client.send(ApiVersionsRequest(), version: 0)
            _ = try await other.ask(large, version: 9)
            #expect(try await other.ask(ApiVersionsRequest(), version: 0).errorCode == .none)
            await self.clock.advance(by: .milliseconds(Int(answer.throttleTimeMs) - 1))
            #expect(!client.hasAnswer)
            await self.clock.advance(by: .milliseconds(1))
            _ = try await client.answer(to: ApiVersionsRequest.self, version: 0, correlationID: next)
        }
    }

    @Test func aConsumerThatReadsTooMuchGetsNothingUntilItHasWaited() async throws {
        try await self.withCluster { kafka, client in
            try await kafka.createTopic("t")
            let large = try batch([String(repeating: "x", count: 2000)])
            _ = try await client.ask(ProduceRequest.one(large, to: "t"), version: 9)
            #expect(try await self.alter(["user=ANONYMOUS"], [("consumer_byte_rate", 100)], client) == .none)
            let throttled = try await client.ask(FetchRequest.one("t", offset: 0), version: 12)
            #expect(throttled.throttleTimeMs > 5000)
            #expect(throttled.responses.isEmpty && throttled.errorCode == .none)
            #expect(try await self.alterLater("consumer_byte_rate", 1_000_000, throttled.throttleTimeMs, client))
            let answer = try await client.ask(FetchRequest.one("t", offset: 0), version: 12)
            #expect(answer.throttleTimeMs == 0)
            #expect(answer.only.records?.isEmpty == false)
        }
    }

    @Test func aConsumerReadsOnWithAQuotaThatIsMuchLessThanThereIsToRead() async throws {
        try await self.withCluster { kafka, client in
            try await kafka.createTopic("t")
            for _ in 0..<10 {
                let one = try batch([String(repeating: "x", count: 900)])
                _ = try await client.ask(ProduceRequest.one(one, to: "t"), version: 9)
            }
            #expect(try await self.alter(["user=ANONYMOUS"], [("consumer_byte_rate", 200)], client) == .none)
            var offset: Int64 = 0
            for _ in 0..<40 where offset < 10 {
                // It asks for more than its quota permits, and gets less without waiting for more.
                let request = FetchRequest.one("t", offset: offset, maxWait: offset < 5 ? 1000 : 0, minBytes: 5000)
                let answer = try await client.ask(request, version: 12)
                let read = try records(in: answer.responses.first?.partitions.first?.records ?? [])
                offset = read.last.map { $0.offset + 1 } ?? offset
                await self.clock.advance(by: .milliseconds(Int(answer.throttleTimeMs)))
            }
            #expect(offset == 10)
        }
    }

    /// Sets a quota once the connection is no longer muted.
    private func alterLater(_ key: String, _ value: Double, _ time: Int32, _ client: RawClient) async throws -> Bool {
        await self.clock.advance(by: .milliseconds(Int(time)))
        return try await self.alter(["user=ANONYMOUS"], [(key, value)], client) == .none
    }

    @Test func changesOfPartitionsBeyondTheQuotaAreRefused() async throws {
        try await self.withCluster { kafka, client in
            #expect(try await self.alter(["user="], [("controller_mutation_rate", 1)], client) == .none)
            func create(_ name: String, version: Int16) async throws -> CreateTopicsResponse {
                var topic = CreateTopicsRequest.CreatableTopic()
                topic.name = name
                topic.numPartitions = 20
                topic.replicationFactor = 1
                var request = CreateTopicsRequest()
                request.topics = [topic]
                return try await client.ask(request, version: version)
            }
            // Eleven changes are free, so nine seconds are owed.
            let first = try await create("a", version: 7)
            #expect(first.topics[0].errorCode == .none)
            #expect(first.throttleTimeMs == 9000)
            let other = try await RawClient.connect(to: kafka.bootstrapServers[0])
            defer { other.close() }
            var topic = CreateTopicsRequest.CreatableTopic()
            topic.name = "b"
            topic.numPartitions = 1
            topic.replicationFactor = 1
            var request = CreateTopicsRequest()
            request.topics = [topic]
            let refused = try await other.ask(request, version: 7)
            #expect(refused.topics[0].errorCode == .throttlingQuotaExceeded)
            #expect(refused.throttleTimeMs == 9000)
            #expect(try await kafka.topics() == ["a"])
            await self.clock.advance(by: .seconds(9))
            #expect(try await other.ask(request, version: 7).topics[0].errorCode == .none)
            // A client that doesn't know the error is only throttled.
            let old = try await create("c", version: 5)
            #expect(old.topics[0].errorCode == .none)
            #expect(old.throttleTimeMs > 0)
        }
    }
}
