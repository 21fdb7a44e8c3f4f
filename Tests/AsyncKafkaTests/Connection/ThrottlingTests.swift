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
import KafkaTransport
import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(1)))
struct ThrottlingTests {
    private let clock = TestClock()

    /// An object that only a connection retains.
    private final class Remains: Sendable {
        private let ends: EventLog

        init(_ ends: EventLog) { self.ends = ends }

        deinit { self.ends.add("gone") }
    }

    /// The API whose answers request a pause.
    enum Throttled: CaseIterable, Sendable {
        case apiVersions, metadata
    }

    /// Answers each request with the longest possible pause.
    private static func reply(to request: ScriptedBroker.Received, _ throttled: Throttled) throws
        -> ScriptedBroker.Reply
    {
        if request.api == .apiVersions {
            var response = ApiVersionsResponse()
            response.apiKeys = [(APIKey.metadata, Int16(3)), (.apiVersions, 4)].map { key, version in
                var api = ApiVersionsResponse.ApiVersion()
                api.apiKey = key.rawValue
                api.maxVersion = version
                return api
            }
            if throttled == .apiVersions { response.throttleTimeMs = .max }
            return .body(try Bytes(response, version: request.version))
        }
        var response = MetadataResponse()
        if throttled == .metadata { response.throttleTimeMs = .max }
        return .body(try Bytes(response, version: request.version))
    }

    @Test(arguments: Throttled.allCases)
    func aConnectionWithAnImplausiblePauseIsClosedWhenRequestsExpire(throttled: Throttled) async throws {
        try await self.clock.passing {
            let server = try ScriptedBroker(clock: self.clock.loopClock) { request, _ in
                (try? Self.reply(to: request, throttled)) ?? .close
            }
            defer { server.stop() }
            let loop = try EventLoop(name: "client", clock: self.clock.loopClock)
            defer { loop.shutdown() }
            var configuration = KafkaClientConfiguration(bootstrapServers: [server.address])
            configuration.requestTimeout = .seconds(5)
            let log = KeptLog(minimum: .trace)
            let ends = EventLog()
            do {
                let remains = Remains(ends)
                let connection = try await BrokerConnection.open(
                    to: server.broker, configuration: configuration, security: .plaintext, loop: loop,
                    logger: Logger(log)
                ) { _, _ in withExtendedLifetime(remains) { ends.add("closed") } }
                if throttled == .metadata { _ = try await connection.request(MetadataRequest()) }
                let start = self.clock.now
                let error = await #expect(throws: KafkaError.self) {
                    try await connection.request(MetadataRequest(), timeout: .milliseconds(200))
                }
                #expect(self.clock.now - start == .milliseconds(200))
                #expect(error?.code == .timedOut)
                #expect(error?.isRetriable == true && error?.isOutcomeUnknown == false)
                await ends.until("closed")
            }
            await ends.until("gone")
            let warnings = log.lines(.warning).filter {
                $0.contains("asks for a pause during which requests would expire")
            }
            #expect(warnings.count == 1, "\(log.events)")
        }
    }

    @Test func aPauseOfASecondEndsOnTheSameConnection() async throws {
        try await self.clock.passing {
            let server = try ScriptedBroker(clock: self.clock.loopClock) { request, index in
                guard request.api == .metadata else {
                    return (try? .apiVersions([(.apiVersions, 0...4), (.metadata, 0...3)])).map { .body($0) } ?? .close
                }
                var response = MetadataResponse()
                response.throttleTimeMs = index == 1 ? 1000 : 0
                return (try? Bytes(response, version: request.version)).map { .body($0) } ?? .close
            }
            defer { server.stop() }
            let loop = try EventLoop(name: "client", clock: self.clock.loopClock)
            defer { loop.shutdown() }
            let log = KeptLog(minimum: .trace)
            let connection = try await BrokerConnection.open(
                to: server.broker, configuration: KafkaClientConfiguration(bootstrapServers: [server.address]),
                security: .plaintext, loop: loop, logger: Logger(log)
            ) { _, _ in }
            _ = try await connection.request(MetadataRequest())
            let start = self.clock.now
            // A request with a shorter deadline ends alone, and the connection stays open for the others.
            let error = await #expect(throws: KafkaError.self) {
                try await connection.request(MetadataRequest(), timeout: .milliseconds(10))
            }
            #expect(error?.code == .timedOut)
            async let answers = [connection.request(MetadataRequest()), connection.request(MetadataRequest())]
            #expect(try await answers.count == 2)
            #expect(self.clock.now - start == .seconds(1))
            #expect(connection.isOpen)
            #expect(log.lines(.info).count { $0.hasPrefix("The broker throttles this client ") } == 1)
            connection.close(.cancelled)
        }
    }

    @Test func aProducerContinuesAfterABrokerHasRequestedAPauseOf24Days() async throws {
        try await self.clock.withBroker { kafka in
            let fault = kafka.rewrite(ProduceRequest.self, times: 1) { _, _, response in
                response.throttleTimeMs = .max
            }
            var producing = ProducerConfiguration(KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers))
            producing.cluster.log = SilentLog()
            producing.cluster.clock = kafka.clock
            producing.cluster.requestTimeout = .seconds(2)
            producing.deliveryTimeout = .seconds(50)
            try await KafkaProducer.withProducer(producing) { producer in
                for _ in 0..<2 { _ = try await producer.send(ProducerRecord(topic: "t", value: "x")) }
            }
            #expect(fault.hits == 1)
        }
    }
}
