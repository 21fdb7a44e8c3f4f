// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0
import EmbeddedKafka
import Foundation
import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// The events of a connection, with exact figures.
@Suite(.timeLimit(.minutes(1)))
struct ConnectionEventsTests {
    private let clock = TestClock()
    private let kept = KeptEvents()

    private func withConnection(
        _ configuration: EmbeddedKafka.Configuration = EmbeddedKafka.Configuration(),
        observer: (any KafkaObserver)? = nil,
        _ body: @escaping @Sendable (EmbeddedKafka, BrokerConnection) async throws -> Void
    ) async throws {
        try await self.clock.withCluster(configuration) { kafka in
            let server = try #require(KafkaServer(kafka.bootstrapServers[0]))
            var client = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers)
            client.observer = observer ?? self.kept
            let loop = try EventLoop(name: "client", clock: self.clock.loopClock)
            defer { loop.shutdown() }
            let connection = try await BrokerConnection.open(
                to: Broker(id: nil, host: server.host, port: server.port), configuration: client,
                security: .plaintext, loop: loop, logger: Logger(SilentLog())
            ) { _, _ in }
            try await body(kafka, connection)
        }
    }

    private func submit(_ connection: BrokerConnection) -> Promise<MetadataResponse> {
        let promise = Promise<MetadataResponse>()
        connection.submit(MetadataRequest(), version: 12, timeout: .seconds(20)) { promise.fulfill($0) }
        return promise
    }

    @Test func requestsAndAnswersReportTheirSizesAndTimes() async throws {
        try await self.withConnection { kafka, connection in
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.holdAnswer(hold), on: .metadata)
            connection.hold()
            let promise = self.submit(connection)
            try await connection.loop.sleep(for: .seconds(2))
            #expect(self.kept.sent("Metadata").isEmpty)
            connection.release()
            await hold.untilHeld()
            try await connection.loop.sleep(for: .seconds(3))
            hold.release()
            let response = try await promise.value()
            let sent = self.kept.sent("Metadata")
            #expect(sent.map(\.queued) == [.seconds(2)])
            #expect(sent.map(\.bytes) == kafka.requests.filter { $0.api == .metadata }.map(\.byteCount))
            #expect(sent.map(\.api) == [KafkaEvent.API(key: 3, version: 12)])
            let answered = self.kept.answered("Metadata")
            #expect(answered.map(\.duration) == [.seconds(3)])
            // The correlation id, and the number of tagged fields.
            let body = try Bytes(response, version: 12)
            #expect(answered.map(\.bytes) == [4 + 1 + body.count])
            #expect(self.kept.sent("ApiVersions").map(\.queued) == [.zero])
            #expect(self.kept.answered("ApiVersions").count == 1)
            #expect(sent[0].broker == connection.broker && answered[0].broker == connection.broker)
        }
    }

    /// Observers must not block. If one does all the same, no request waits for ever.
    @Test func anObserverThatBlocksPutsOffNoDeadline() async throws {
        let gate = Gate(self.kept) { if case .requestSent = $0 { true } else { false } }
        try await self.withConnection(observer: gate) { kafka, connection in
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .metadata)
            let ended = Promise<MetadataResponse>()
            // The timer of earlier requests is over.
            try await connection.loop.sleep(for: .seconds(30))
            gate.close()
            Thread.detachNewThread {
                connection.submit(MetadataRequest(), version: 12, timeout: .seconds(20)) { ended.fulfill($0) }
            }
            await hold.untilHeld()
            try await connection.loop.sleep(for: .seconds(21))
            #expect(ended.isFulfilled)
            gate.open()
            hold.release()
            _ = try? await ended.value()
        }
    }

    @Test func aClosedConnectionReportsTheReasonAndItsUnansweredRequests() async throws {
        try await self.withConnection { kafka, connection in
            #expect(self.kept.connected.map(\.broker) == [connection.broker])
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .metadata)
            let promise = self.submit(connection)
            await hold.untilHeld()
            connection.close(KafkaError(.connectionFailed, "It broke."))
            await #expect(throws: KafkaError.self) { try await promise.value() }
            try await self.clock.until { !self.kept.disconnected.isEmpty }
            #expect(self.kept.disconnected.map(\.reason.message) == ["It broke."])
            #expect(self.kept.failed("Metadata").map(\.error.message) == ["It broke."])
            #expect(self.kept.answered("Metadata").isEmpty)
            connection.close(KafkaError(.connectionFailed, "Again."))
            hold.release()
        }
        #expect(self.kept.disconnected.count == 1 && self.kept.connectionFailed.isEmpty)
    }

    @Test func aFailedConnectionReportsTheReasonAndItsDuration() async throws {
        try await self.clock.passing {
            let server = try ScriptedBroker(clock: self.clock.loopClock) { _, _ in .nothing }
            defer { server.stop() }
            var client = KafkaClientConfiguration(bootstrapServers: [server.address])
            client.observer = self.kept
            let loop = try EventLoop(name: "client", clock: self.clock.loopClock)
            defer { loop.shutdown() }
            var failure: KafkaError?
            do throws(KafkaError) {
                _ = try await BrokerConnection.open(
                    to: server.broker, configuration: client, security: .plaintext, loop: loop,
                    logger: Logger(SilentLog())
                ) { _, _ in }
            } catch {
                failure = error
            }
            #expect(self.kept.connectionFailed.map(\.duration) == [.seconds(10)])
            #expect(self.kept.connectionFailed.map(\.reason.message) == [failure?.message])
            #expect(self.kept.failed("ApiVersions").count == 1)
            // By then, everything that follows from the failure has happened.
            try await loop.sleep(for: .seconds(1))
        }
        #expect(self.kept.connected.isEmpty && self.kept.disconnected.isEmpty)
    }

    @Test func aRequestedPauseIsReported() async throws {
        try await self.withConnection { kafka, connection in
            kafka.rewrite(MetadataRequest.self) { _, _, response in response.throttleTimeMs = 1500 }
            _ = try await self.submit(connection).value()
            #expect(self.kept.throttled.map(\.duration) == [.milliseconds(1500)])
            #expect(self.kept.throttled.map(\.broker) == [connection.broker])
        }
    }
}
