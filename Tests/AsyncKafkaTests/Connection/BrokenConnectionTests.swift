// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTransport
import Testing

@testable import AsyncKafka

/// What is said of connections that break, and of what was on its way.
@Suite(.timeLimit(.minutes(1)))
struct BrokenConnectionTests {
    private let logger = Logger(SilentLog())

    private func open(
        _ server: ScriptedBroker, _ security: ConnectionSecurity = .plaintext, on loop: EventLoop
    ) async throws -> BrokerConnection {
        var configuration = KafkaClientConfiguration(bootstrapServers: [server.address])
        configuration.connectionSetupTimeout = .seconds(2)
        return try await BrokerConnection.open(
            to: server.broker, configuration: configuration, security: security, loop: loop, logger: self.logger
        ) { _, _ in }
    }

    @Test("who closes before saying anything may want TLS; who has spoken before does not")
    func advice() async throws {
        let speaks = Lock(false)
        let server = try ScriptedBroker { request, _ in
            guard request.api == .apiVersions, speaks.withLock({ $0 }) else { return .close }
            return (try? .apiVersions([(.metadata, 0...1)])).map { .body($0) } ?? .close
        }
        defer { server.stop() }
        let loop = try EventLoop(name: "client")
        defer { loop.shutdown() }
        let security = try ConnectionSecurity(.plaintext, logger: self.logger)
        let stranger = await #expect(throws: KafkaError.self) { _ = try await self.open(server, security, on: loop) }
        #expect(stranger?.message.contains("may want TLS or SASL") == true, "\(String(describing: stranger))")

        // An open connection breaks off.
        speaks.withLock { $0 = true }
        let connection = try await self.open(server, security, on: loop)
        let broken = await #expect(throws: KafkaError.self) { try await connection.request(MetadataRequest()) }
        #expect(broken?.code == .connectionFailed)
        #expect(broken?.message.contains("TLS") == false, "\(String(describing: broken))")

        // The broker is being restarted: something takes connections for it and closes them.
        speaks.withLock { $0 = false }
        let restarting = await #expect(throws: KafkaError.self) { _ = try await self.open(server, security, on: loop) }
        #expect(restarting?.message.contains("TLS") == false, "\(String(describing: restarting))")
        // Somebody who has not spoken with it knows nothing of that.
        let other = await #expect(throws: KafkaError.self) { _ = try await self.open(server, on: loop) }
        #expect(other?.message.contains("may want TLS or SASL") == true)
    }

    @Test("a set-up that fails has had no effect that could be unknown", arguments: [true, false])
    func setUp(isSilent: Bool) async throws {
        let server = try ScriptedBroker { _, _ in isSilent ? .nothing : .close }
        defer { server.stop() }
        let loop = try EventLoop(name: "client")
        defer { loop.shutdown() }
        let error = await #expect(throws: KafkaError.self) { _ = try await self.open(server, on: loop) }
        #expect(error?.isRetriable == true)
        #expect(error?.isOutcomeUnknown == false)
        #expect(error?.description.contains("outcome unknown") == false)
    }

    @Test("no line says that an outcome is unknown when no connection could be made")
    func lines() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            var producing = ProducerConfiguration(KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers))
            let log = ToldLog(minimum: .debug)
            producing.cluster.log = log
            producing.cluster.requestTimeout = .milliseconds(500)
            producing.cluster.connectionSetupTimeout = .milliseconds(500)
            producing.deliveryTimeout = .seconds(2)
            producing.idempotence = false
            try await KafkaProducer.withProducer(producing) { producer in
                _ = try await producer.send(ProducerRecord(topic: "t", value: "x"))
                kafka.inject(.dropAnswer, on: .apiVersions, times: nil)
                try await kafka.closeConnections()
                let error = await #expect(throws: KafkaError.self) {
                    _ = try await producer.send(ProducerRecord(topic: "t", value: "y"))
                }
                #expect(error?.isOutcomeUnknown == false, "\(String(describing: error))")
            }
            let lines = log.events.filter { $0.message.contains("could not be") }
            #expect(!lines.isEmpty)
            #expect(!lines.contains { $0.metadata["error"]?.contains("outcome unknown") == true }, "\(lines)")
        }
    }

    @Test("a question that is not answered has no unknown outcome, a change has")
    func questions() async throws {
        let server = try ScriptedBroker { request, _ in
            let versions: [(APIKey, ClosedRange<Int16>)] = [
                (.metadata, 0...1), (.listOffsets, 1...3), (.createTopics, 2...3),
            ]
            return request.api == .apiVersions ? (try? .apiVersions(versions)).map { .body($0) } ?? .close : .close
        }
        defer { server.stop() }
        let loop = try EventLoop(name: "client")
        defer { loop.shutdown() }
        func failure(_ request: some KafkaRequest) async throws -> KafkaError? {
            let connection = try await self.open(server, on: loop)
            return await #expect(throws: KafkaError.self) { _ = try await connection.request(request) }
        }
        let errors = [
            try await failure(MetadataRequest()), try await failure(ListOffsetsRequest()),
            try await failure(CreateTopicsRequest()),
        ]
        #expect(errors.map { $0?.isOutcomeUnknown } == [false, false, true], "\(errors)")
        #expect(errors.allSatisfy { $0?.isRetriable == true })
    }

    @Test("no advice is that there is nothing to do, when something failed")
    func nothing() {
        for code in (-1...140).map({ ErrorCode(rawValue: $0) }) where code != .none {
            let error = KafkaError(code, doing: "storing records")
            #expect(!error.message.contains("Nothing"), "\(error.message)")
        }
    }
}
