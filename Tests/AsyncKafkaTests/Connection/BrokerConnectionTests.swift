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

@Suite(.timeLimit(.minutes(2))) struct BrokerConnectionTests {
    /// Opens a connection to a scripted broker, and closes both after the body.
    private func withConnection(
        _ script: @escaping @Sendable (ScriptedBroker.Received, Int) -> ScriptedBroker.Reply,
        configure: (inout KafkaClientConfiguration) -> Void = { _ in }, clock: LoopClock = .system,
        _ body: (BrokerConnection, ScriptedBroker) async throws -> Void
    ) async throws {
        let server = try ScriptedBroker(clock: clock, script)
        defer { server.stop() }
        let loop = try EventLoop(name: "client", clock: clock)
        defer { loop.shutdown() }
        var configuration = KafkaClientConfiguration(bootstrapServers: [server.address])
        configuration.log = SilentLog()
        configuration.requestTimeout = .seconds(10)
        configure(&configuration)
        let connection = try await BrokerConnection.open(
            to: server.broker, configuration: configuration, security: .plaintext, loop: loop,
            logger: Logger(SilentLog())
        ) { _, _ in }
        try await body(connection, server)
        connection.close(KafkaError(.closed, "The test is over."))
    }

    @Test func theNewestCommonVersionIsUsed() async throws {
        try await self.withConnection { _, _ in
            try! .body(.apiVersions([(.metadata, 1...9), (.saslAuthenticate, 7...9), (.fetch, 90...95)]))
        } _: { connection, server in
            #expect(try connection.versions.version(for: MetadataRequest.self) == 9)
            #expect(try connection.versions.version(for: MetadataRequest.self, atMost: 5) == 5)
            #expect(connection.versions.supports(MetadataRequest.self, version: 9))
            #expect(!connection.versions.supports(MetadataRequest.self, version: 10))
            // The broker's versions of the first two are too new, and it doesn't support Heartbeat.
            for name in ["saslAuthenticate", "fetch", "heartbeat"] {
                do {
                    switch name {
                    case "saslAuthenticate": _ = try connection.versions.version(for: SaslAuthenticateRequest.self)
                    case "fetch": _ = try connection.versions.version(for: FetchRequest.self)
                    default: _ = try connection.versions.version(for: HeartbeatRequest.self)
                    }
                    Issue.record("\(name) was agreed on")
                } catch let error as KafkaError {
                    #expect(error.code == .unsupportedVersion)
                    #expect(error.broker == server.address)
                }
            }
        }
    }

    @Test func apiVersionsIsRepeatedInTheVersionThatABrokerNamesWithError35() async throws {
        try await self.withConnection { request, _ in
            request.version > 2
                ? try! .body(.apiVersions([(.apiVersions, 0...2)], error: .unsupportedVersion, version: 0))
                : try! .body(.apiVersions([(.metadata, 0...7)], version: request.version))
        } _: { connection, server in
            #expect(server.requests.map(\.version) == [4, 2])
            let version = try connection.versions.version(for: MetadataRequest.self)
            #expect(version == 7)
        }
    }

    @Test(arguments: [
        Bytes([0, 35]), Bytes([0, 35, 0xff, 0xff, 0xff, 0xff]), Bytes(), Bytes(repeatElement(0xff, count: 50)),
    ])
    func apiVersionsIsRepeatedInVersion0AfterAMalformedRejection(refusal: Bytes) async throws {
        try await self.withConnection { request, _ in
            request.version > 0 ? .body(refusal) : try! .body(.apiVersions([(.metadata, 0...7)], version: 0))
        } _: { connection, server in
            #expect(server.requests.map(\.version) == [4, 0])
            let version = try connection.versions.version(for: MetadataRequest.self)
            #expect(version == 7)
        }
    }

    @Test func aRequestAfterTheEndOfAnIdleConnectionIsRetriable() async throws {
        try await self.withConnection { request, _ in
            Self.answer(request)
        } configure: {
            $0.connectionMaxIdle = .milliseconds(1)
        } _: { connection, server in
            await server.untilNobodyIsConnected()
            let error = await #expect(throws: KafkaError.self) { try await connection.request(MetadataRequest()) }
            #expect(error?.isRetriable == true)
            #expect(error?.isOutcomeUnknown == false)
        }
    }

    @Test func aBrokerThatNeverReturnsItsVersionsIsGivenUp() async throws {
        let error = await #expect(throws: KafkaError.self) {
            try await self.withConnection({ _, _ in .body(Bytes([0, 35])) }) { _, _ in }
        }
        #expect(error?.code == .unsupportedVersion)
    }

    @Test func theClientSendsItsNameAndVersion() async throws {
        try await self.withConnection { _, _ in
            try! .body(.apiVersions())
        } _: { _, server in
            var reader = ByteReader(server.requests[0].rest)
            // The tagged fields of the request header, then the body.
            let tags = try reader.readUnsignedVarint()
            #expect(tags == 0)
            let request = try ApiVersionsRequest(from: &reader, version: 4)
            #expect(request.clientSoftwareName == "async-kafka")
            #expect(!request.clientSoftwareVersion.isEmpty)
        }
    }

    private static func answer(_ request: ScriptedBroker.Received) -> ScriptedBroker.Reply {
        if request.api == .apiVersions {
            return try! .body(.apiVersions([(.metadata, 0...1), (.createTopics, 2...3)]))
        }
        return try! .body(Bytes(MetadataResponse(), version: request.version))
    }

    @Test func concurrentRequestsGetTheirOwnAnswers() async throws {
        try await self.withConnection { request, _ in
            guard request.api == .metadata else { return Self.answer(request) }
            var response = MetadataResponse()
            response.controllerId = request.correlationID
            return try! .body(Bytes(response, version: 1))
        } _: { connection, server in
            // More requests than may be in flight, so that some wait.
            let answers = try await withThrowingTaskGroup(of: Int32.self) { group in
                for _ in 0..<300 {
                    group.addTask { try await connection.request(MetadataRequest()).controllerId }
                }
                return try await group.reduce(into: Set<Int32>()) { $0.insert($1) }
            }
            #expect(answers.count == 300)
            #expect(server.requests.count == 301)
        }
    }

    @Test func anAnswerOutOfOrderClosesTheConnection() async throws {
        try await self.withConnection { request, _ in
            request.api == .apiVersions ? Self.answer(request) : .frame([0, 0, 0x7f, 0xff, 0, 0, 0, 0])
        } _: { connection, _ in
            let error = await #expect(throws: KafkaError.self) { try await connection.request(CreateTopicsRequest()) }
            #expect(error?.code == .protocolError)
            #expect(error?.isOutcomeUnknown == true)
            #expect(!connection.isOpen)
        }
    }

    @Test func anUnreadableAnswerClosesTheConnection() async throws {
        try await self.withConnection { request, _ in
            request.api == .apiVersions ? Self.answer(request) : .body([0x7f, 0xff, 0xff, 0xff])
        } _: { connection, _ in
            let error = await #expect(throws: KafkaError.self) { try await connection.request(MetadataRequest()) }
            #expect(error?.code == .protocolError)
            #expect(!connection.isOpen)
        }
    }

    @Test func aRequestThatTimesOutEndsAndSoDoTheOnesAfterIt() async throws {
        try await self.withConnection { request, _ in
            request.api == .apiVersions ? Self.answer(request) : .nothing
        } _: { connection, _ in
            let patient = Task { try await connection.request(CreateTopicsRequest(), timeout: .seconds(60)) }
            let error = await #expect(throws: KafkaError.self) {
                try await connection.request(CreateTopicsRequest(), timeout: .milliseconds(50))
            }
            #expect(error?.code == .timedOut)
            #expect(error?.isOutcomeUnknown == true)
            await #expect(throws: KafkaError.self) { try await patient.value }
            #expect(!connection.isOpen)
        }
    }

    @Test func aBrokerThatDisconnectsLeavesAnUnknownOutcome() async throws {
        try await self.withConnection { request, _ in
            request.api == .apiVersions ? Self.answer(request) : .close
        } _: { connection, _ in
            let error = await #expect(throws: KafkaError.self) { try await connection.request(CreateTopicsRequest()) }
            #expect(error?.code == .connectionFailed)
            #expect(error?.isOutcomeUnknown == true)
            #expect(error?.isRetriable == true)
            let after = await #expect(throws: KafkaError.self) { try await connection.request(CreateTopicsRequest()) }
            #expect(after?.isOutcomeUnknown == false, "an unsent request has a known outcome")
        }
    }

    @Test func cancellingTheTaskEndsOnlyItsWait() async throws {
        try await self.withConnection { request, _ in
            request.api == .apiVersions ? Self.answer(request) : .nothing
        } _: { connection, server in
            let task = Task { try await connection.request(MetadataRequest()) }
            while server.requests.count < 2 { await Task.yield() }
            task.cancel()
            let error = await #expect(throws: KafkaError.self) { try await task.value }
            #expect(error?.code == .cancelled)
            #expect(connection.isOpen)
            #expect(connection.requestCount == 1)
        }
    }

    @Test func throttlingIsObeyed() async throws {
        let clock = TestClock()
        try await clock.passing {
            try await self.withConnection(
                { request, index in
                    guard request.api == .metadata else {
                        return try! .body(.apiVersions([(.apiVersions, 0...4), (.metadata, 0...3)]))
                    }
                    var response = MetadataResponse()
                    response.throttleTimeMs = index == 1 ? 100 : 0
                    return try! .body(Bytes(response, version: request.version))
                }, clock: clock.loopClock
            ) { connection, server in
                let start = clock.now
                _ = try await connection.request(MetadataRequest())
                _ = try await connection.request(MetadataRequest())
                #expect(clock.now - start == .milliseconds(100))
                #expect(server.requests.count == 3)
            }
        }
    }

    @Test(arguments: [
        ([UInt8](arrayLiteral: 0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x46), "TLS"),
        (Array("HTTP/1.1 400 Bad Request\r\n".utf8), "web server"),
        ([0x7f, 0xff, 0xff, 0xff, 1, 2, 3], "not Kafka's protocol"),
        ([0xff, 0xff, 0xff, 0xff], "not Kafka's protocol"),
    ])
    func theErrorNamesWhatAnswersInsteadOfABroker(bytes: [UInt8], expected: String) async throws {
        let error = KafkaError(
            .frameTooLarge(length: 0, limit: 1, firstBytes: bytes), broker: Broker(id: 1, host: "h", port: 1))
        #expect(error.message.contains(expected))
        #expect(error.code == .protocolError)
    }

    @Test func aClosedPortIsARetriableConnectionFailure() async throws {
        let loop = try EventLoop(name: "client")
        defer { loop.shutdown() }
        let server = try ScriptedBroker { _, _ in .nothing }
        let broker = server.broker
        server.stop()
        let error = await #expect(throws: KafkaError.self) {
            _ = try await BrokerConnection.open(
                to: broker, configuration: KafkaClientConfiguration(bootstrapServers: ["x:1"]), security: .plaintext,
                loop: loop,
                logger: Logger(SilentLog())
            ) { _, _ in }
        }
        #expect(error?.code == .connectionFailed)
        #expect(error?.isRetriable == true)
    }
}
