// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// Produce with `acks` 0: there is no answer, so a client only knows whether the system has accepted the bytes.
@Suite(.timeLimit(.minutes(2))) struct UnansweredRequestTests {
    private let clock = TestClock()
    /// Far more than the buffers of the sockets hold.
    private static let count = 64
    private static let records = Bytes(repeatElement(7, count: 900_000))

    /// Sends all requests to a broker that doesn't read. `body` decides how it continues.
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

    /// Runs a broker whose answers to Metadata request a pause, and which passes the requests it receives to
    /// `received`.
    private func withThrottlingBroker(
        pause: Duration, requestTimeout: Duration = .seconds(30), ends: EventLog = EventLog(),
        received: @escaping @Sendable (APIKey) -> Void = { _ in },
        _ body: @escaping @Sendable (ScriptedBroker, BrokerConnection) async throws -> Void
    ) async throws {
        try await self.clock.passing {
            let server = try ScriptedBroker(clock: self.clock.loopClock) { request, _ in
                received(request.api)
                switch request.api {
                case .apiVersions:
                    let versions = try? Bytes.apiVersions([
                        (.apiVersions, 0...4), (.metadata, 0...3), (.produce, 3...12),
                    ])
                    return versions.map { .body($0) } ?? .close
                case .metadata:
                    var response = MetadataResponse()
                    response.throttleTimeMs = Int32(pause / .milliseconds(1))
                    return (try? Bytes(response, version: request.version)).map { .body($0) } ?? .close
                default:
                    return .nothing
                }
            }
            defer { server.stop() }
            let loop = try EventLoop(name: "client", clock: self.clock.loopClock)
            defer { loop.shutdown() }
            var configuration = KafkaClientConfiguration(bootstrapServers: [server.address])
            configuration.requestTimeout = requestTimeout
            let connection = try await BrokerConnection.open(
                to: server.broker, configuration: configuration, security: .plaintext, loop: loop,
                logger: Logger(SilentLog())
            ) { _, _ in ends.add("closed") }
            try await body(server, connection)
            connection.close(KafkaError(.closed, "The test is over."))
        }
    }

    private func submit(_ connection: BrokerConnection, timeout: Duration = .seconds(50)) -> Promise<Void> {
        let promise = Promise<Void>()
        var request = ProduceRequest()
        request.acks = 0
        connection.submitWithoutResponse(request, version: 9, timeout: timeout) { promise.fulfill($0) }
        return promise
    }

    @Test func requestsWaitInOrderForTheEndOfAPause() async throws {
        let pause = Duration.seconds(2)
        let clock = self.clock
        let times = Lock<[(APIKey, MonotonicTime)]>([])
        let produced = EventLog()
        try await self.withThrottlingBroker(
            pause: pause,
            received: { api in
                times.withLock { $0.append((api, clock.now)) }
                if api == .produce { produced.add("produced") }
            }
        ) { server, connection in
            _ = try await connection.request(MetadataRequest())
            let waiting = (0..<20).map { _ in self.submit(connection) }
            for promise in waiting { try await promise.value() }
            try await self.submit(connection).value()
            await produced.until("produced", count: 21)
            let asked = try #require(times.withLock { $0.first { $0.0 == .metadata } })
            let first = try #require(times.withLock { $0.first { $0.0 == .produce } })
            #expect(first.1 - asked.1 == pause)
            let order = server.requests.filter { $0.api == .produce }.map(\.correlationID)
            #expect(order == order.sorted())
            #expect(connection.isOpen)
        }
    }

    @Test func areSentWhenWhatTheyWaitedBehindExpires() async throws {
        try await self.withSilentBroker { connection in
            let metadata = (0...BrokerConnection.maximumInFlight).map { number in
                let promise = Promise<MetadataResponse>()
                // There is no room for the last one.
                let isLast = number == BrokerConnection.maximumInFlight
                connection.submit(MetadataRequest(), version: 3, timeout: .seconds(isLast ? 1 : 50)) {
                    promise.fulfill($0)
                }
                return promise
            }
            let waiting = self.submit(connection)
            #expect(!waiting.isFulfilled)
            await #expect(throws: KafkaError.self) { try await metadata.last?.value() }
            try await waiting.value()
            #expect(!metadata[0].isFulfilled)
        }
    }

    /// A broker that answers nothing but ApiVersions.
    private func withSilentBroker(_ body: @escaping @Sendable (BrokerConnection) async throws -> Void) async throws {
        try await self.clock.passing {
            let server = try ScriptedBroker(clock: self.clock.loopClock) { request, _ in
                guard request.api == .apiVersions else { return .nothing }
                let versions = try? Bytes.apiVersions([(.apiVersions, 0...4), (.metadata, 0...3), (.produce, 3...12)])
                return versions.map { .body($0) } ?? .close
            }
            defer { server.stop() }
            let loop = try EventLoop(name: "client", clock: self.clock.loopClock)
            defer { loop.shutdown() }
            let connection = try await BrokerConnection.open(
                to: server.broker, configuration: KafkaClientConfiguration(bootstrapServers: [server.address]),
                security: .plaintext, loop: loop, logger: Logger(SilentLog())
            ) { _, _ in }
            try await body(connection)
            connection.close(KafkaError(.closed, "The test is over."))
        }
    }

    @Test func requestsThatExpireDuringAnImplausiblePauseAreKnownNotToBeSent() async throws {
        let ends = EventLog()
        try await self.withThrottlingBroker(
            pause: .milliseconds(Int32.max), requestTimeout: .seconds(5), ends: ends
        ) { server, connection in
            _ = try await connection.request(MetadataRequest())
            let waiting = [self.submit(connection, timeout: .milliseconds(200)), self.submit(connection)]
            for promise in waiting {
                let error = await #expect(throws: KafkaError.self) { try await promise.value() }
                #expect(error?.code == .timedOut)
                #expect(error?.isOutcomeUnknown == false && error?.isRetriable == true)
            }
            // Later requests would expire, too.
            await ends.until("closed")
            #expect(!server.requests.contains { $0.api == .produce })
        }
    }

    @Test func requestsEndWhenTheSocketHasAcceptedThem() async throws {
        try await self.withStalledBroker { server, promises, allReceived in
            let early = promises.count { $0.isFulfilled }
            #expect(early < Self.count, "bytes in memory counted as sent")
            server.setReading(true)
            for promise in promises { try await promise.value() }
            try await allReceived.value()
        }
    }

    @Test func requestsHaveAnUnknownOutcomeIfTheConnectionBreaksFirst() async throws {
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
