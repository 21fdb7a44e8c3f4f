// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import Testing

/// What tests ask of the cluster: its records, and to wait for them and for groups.
@Suite(.timeLimit(.minutes(1))) struct RecordsTests {
    private let clock = TestClock()

    private func withCluster(_ body: (EmbeddedKafka, RawClient) async throws -> Void) async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.clock = self.clock.loopClock
        try await EmbeddedKafkaTests.withCluster(configuration, body)
    }

    private func produce(_ values: [String], partition: Int32 = 0, _ client: RawClient) async throws {
        let request = ProduceRequest.one(try batch(values), to: "t", partition: partition)
        #expect(try await client.ask(request, version: 9).only.errorCode == .none)
    }

    @Test func theRecordsOfATopicAreValues() async throws {
        try await self.withCluster { kafka, client in
            try await kafka.createTopic("t", partitions: 2)
            try await self.produce(["a", "b"], partition: 1, client)
            var builder = RecordBatchBuilder()
            _ = try builder.append(
                key: "k", value: nil, headers: [RecordHeader("h", "1")], timestamp: 4000, limit: .max)
            let request = ProduceRequest.one(joined(builder.finish()), to: "t")
            #expect(try await client.ask(request, version: 9).only.errorCode == .none)
            let records = try await kafka.records(of: "t")
            #expect(records.map(\.partition) == [0, 1, 1])
            #expect(records.map(\.offset) == [0, 0, 1])
            #expect(records.map(\.value) == [nil, "a", "b"])
            #expect(records[0].key == "k")
            #expect(records[0].headers == [RecordHeader("h", "1")])
            #expect(records[0].timestamp == 4000)
            #expect(try await kafka.records(of: "t", partition: 1).map(\.value) == ["a", "b"])
            try await kafka.deleteRecords("t", partition: 1, before: 1)
            #expect(try await kafka.records(of: "t", partition: 1).map(\.value) == ["b"])
            #expect(try await kafka.waitForRecords(2, in: "t").count == 2)
            let missing = await #expect(throws: EmbeddedKafkaError.self) { try await kafka.records(of: "u") }
            #expect(missing?.code == .unknownTopicOrPartition)
            let partition = await #expect(throws: EmbeddedKafkaError.self) {
                try await kafka.records(of: "t", partition: 2)
            }
            #expect(partition?.code == .unknownTopicOrPartition)
        }
    }

    @Test func aWaitEndsWithTheAppendThatMakesTheRecordsEnough() async throws {
        try await self.withCluster { kafka, client in
            async let found = kafka.waitForRecords(3, in: "t")
            try await kafka.createTopic("t", partitions: 2)
            try await self.produce(["a"], client)
            try await self.produce(["b", "c"], partition: 1, client)
            #expect(try await found.map(\.value) == ["a", "b", "c"])
            async let inOne = kafka.waitForRecords(2, in: "t", partition: 0)
            try await self.produce(["d"], client)
            #expect(try await inOne.map(\.value) == ["a", "d"])
        }
    }

    @Test func aWaitThatTakesTooLongSaysWhatThereWas() async throws {
        try await self.withCluster { kafka, client in
            let forTopic = Task { try await kafka.waitForRecords(1, in: "t", timeout: .seconds(5)) }
            let forGroup = Task { try await kafka.waitForStableGroup("g", members: 2, timeout: .seconds(5)) }
            try await kafka.untilWaiting(2)
            await self.clock.advance(by: .seconds(5))
            let noTopic = await #expect(throws: EmbeddedKafkaError.self) { try await forTopic.value }
            #expect(noTopic?.description == "After 5.0 seconds, there is no topic 't', so it has no records.")
            let noGroup = await #expect(throws: EmbeddedKafkaError.self) { try await forGroup.value }
            #expect(noGroup?.description == "After 5.0 seconds, there is no group 'g'.")
            try await kafka.createTopic("t")
            try await self.produce(["a"], client)
            let tooMany = Task { try await kafka.waitForRecords(2, in: "t") }
            try await kafka.untilWaiting(1)
            await self.clock.advance(by: .seconds(10))
            let error = await #expect(throws: EmbeddedKafkaError.self) { try await tooMany.value }
            #expect(error?.description == "After 10.0 seconds, topic 't' has 1 of 2 records.")
        }
    }

    @Test func aWaitEndsWithItsTaskAndWithTheCluster() async throws {
        let kafka = try await EmbeddedKafka.start()
        let cancelled = Task { try await kafka.waitForRecords(1, in: "t", timeout: .seconds(3600)) }
        let stopped = Task { try await kafka.waitForRecords(1, in: "t", timeout: .seconds(3600)) }
        try await kafka.untilWaiting(2)
        cancelled.cancel()
        let first = await #expect(throws: EmbeddedKafkaError.self) { try await cancelled.value }
        #expect(first?.description.contains("cancelled") == true)
        await kafka.stop()
        let second = await #expect(throws: EmbeddedKafkaError.self) { try await stopped.value }
        #expect(second?.description.contains("stopped") == true)
        await #expect(throws: EmbeddedKafkaError.self) { try await kafka.waitForRecords(0, in: "t") }
    }
}
