// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport
import Testing

@testable import AsyncKafka

/// Produce with `acks` 0: nothing answers, so all that a client can know is that the system has taken the bytes.
@Suite(.timeLimit(.minutes(2))) struct UnansweredRequestTests {
    /// Far more than the sockets' buffers hold, in requests that the scripted broker takes.
    private static let count = 64
    private static let records = Bytes(repeatElement(7, count: 900_000))

    /// Sends all of them to a broker that does not read; then `body` decides how it goes on.
    private func withStalledBroker(
        _ body: (ScriptedBroker, _ ended: [Promise<Void>], _ allReceived: Promise<Void>) async throws -> Void
    ) async throws {
        let allReceived = Promise<Void>()
        let server = try ScriptedBroker { request, index in
            if index == Self.count { allReceived.fulfill(.success(())) }
            return request.api == .apiVersions
                ? (try? Bytes.apiVersions([(.apiVersions, 0...4), (.produce, 3...12)])).map { .body($0) } ?? .close
                : .nothing
        }
        defer { server.stop() }
        let loop = try EventLoop(name: "client")
        defer { loop.shutdown() }
        var configuration = KafkaClientConfiguration(bootstrapServers: [server.address])
        configuration.log = SilentLog()
        let connection = try await BrokerConnection.open(
            to: server.broker, configuration: configuration, security: .plaintext, loop: loop,
            logger: Logger(SilentLog())
        ) { _, _ in }
        server.setReading(false)
        let promises = (0..<Self.count).map { _ in Promise<Void>() }
        for promise in promises {
            var request = ProduceRequest()
            request.acks = 0
            request.timeoutMs = 1000
            var topic = ProduceRequest.TopicProduceData()
            topic.name = "t"
            var partition = ProduceRequest.PartitionProduceData()
            partition.records = [Self.records]
            topic.partitionData = [partition]
            request.topicData = [topic]
            connection.submitWithoutResponse(request, version: 9, timeout: .seconds(60)) { promise.fulfill($0) }
        }
        try await body(server, promises, allReceived)
        connection.close(KafkaError(.closed, "The test is over."))
    }

    @Test func endWhenTheSocketHasTakenThem() async throws {
        try await self.withStalledBroker { server, promises, allReceived in
            let early = promises.count { $0.isFulfilled }
            #expect(early < Self.count, "what waits in memory counted as sent")
            server.setReading(true)
            for promise in promises { try await promise.value() }
            try await allReceived.value()
        }
    }

    @Test func endUnknownIfTheConnectionBreaksBefore() async throws {
        try await self.withStalledBroker { server, promises, _ in
            server.disconnectAll()
            var failures: [KafkaError] = []
            for promise in promises {
                do throws(KafkaError) {
                    try await promise.value()
                } catch {
                    failures.append(error)
                }
            }
            #expect(!failures.isEmpty)
            let known = failures.filter { !$0.isOutcomeUnknown }
            #expect(known.isEmpty)
        }
    }
}
