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

/// The errors of connections that break, and of their requests.
@Suite(.timeLimit(.minutes(1)))
struct BrokenConnectionTests {
    private let clock = TestClock()
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

    @Test
    func anUnreadableAnswerLeavesOnlyItsOwnRequestsOutcomeUnknown() async throws {
        let server = try ScriptedBroker { request, _ in
            guard request.api == .apiVersions else { return .body(Bytes([1] as [UInt8])) }
            return (try? .apiVersions([(.apiVersions, 0...4), (.produce, 3...9)])).map { .body($0) } ?? .close
        }
        defer { server.stop() }
        let loop = try EventLoop(name: "client")
        defer { loop.shutdown() }
        let connection = try await self.open(server, on: loop)
        @Sendable func submit() -> Promise<ProduceResponse> {
            let promise = Promise<ProduceResponse>()
            connection.submit(ProduceRequest(), version: 9, timeout: .seconds(30)) { promise.fulfill($0) }
            return promise
        }
        let ready = Promise<[Promise<ProduceResponse>]>()
        // On the loop, which reads no answer meanwhile.
        loop.execute {
            let sent = submit()
            connection.hold()
            ready.fulfill(.success([sent, submit()]))
        }
        let requests = try await ready.value()
        var unknown: [Bool] = []
        for request in requests {
            let error = await #expect(throws: KafkaError.self) { try await request.value() }
            unknown.append(error?.isOutcomeUnknown == true)
        }
        let late = await #expect(throws: KafkaError.self) { try await submit().value() }
        unknown.append(late?.isOutcomeUnknown == true)
        #expect(unknown == [true, false, false])
    }

    @Test(arguments: ["127.0.0.1", "::1", "kafka.example"])
    func aFailedConnectionNamesItsAddressOnce(host: String) {
        let isName = host == "kafka.example"
        let addresses = isName ? ["10.0.0.1:9092", "10.0.0.2:9092"] : ["\(host):9092"]
        let refused = TransportError.cannotConnect(host: host, port: 9092, errno: 111, addresses: addresses)
        let late = TransportError.connectTimedOut(host: host, port: 9092, addresses: addresses)
        for error in [refused, late] {
            let message = KafkaError(error, broker: Broker(id: 1, host: host, port: 9092)).message
            #expect(message.ranges(of: host).count == 1, "\(message)")
            #expect(message.contains("10.0.0.1:9092, 10.0.0.2:9092") == isName, "\(message)")
        }
    }

    @Test func theAdviceDependsOnWhatTheServerHasSentBefore() async throws {
        // The number of requests that the server answers before it closes the connection.
        let answers = Lock(0)
        let server = try ScriptedBroker { request, index in
            let isAnswered = answers.withLock { answers in
                defer { answers -= 1 }
                return answers > 0
            }
            guard isAnswered else { return .close }
            if request.api == .apiVersions {
                return (try? .apiVersions([(.metadata, 0...1)])).map { .body($0) } ?? .close
            }
            return (try? Bytes(MetadataResponse(), version: request.version)).map { .body($0) } ?? .close
        }
        defer { server.stop() }
        let loop = try EventLoop(name: "client")
        defer { loop.shutdown() }
        let security = try ConnectionSecurity(.plaintext, logger: self.logger)
        /// Returns the error message after opening the connection and requesting metadata until it breaks.
        func failure(after count: Int, _ security: ConnectionSecurity) async throws -> String {
            answers.withLock { $0 = count }
            let error = await #expect(throws: KafkaError.self) {
                let connection = try await self.open(server, security, on: loop)
                while true { _ = try await connection.request(MetadataRequest()) }
            }
            #expect(error?.code == .connectionFailed)
            return error?.message ?? ""
        }
        let stranger = try await failure(after: 0, security)
        #expect(stranger.contains("may want TLS or SASL"), "\(stranger)")
        // As brokers do at a SASL listener.
        let mute = try await failure(after: 1, security)
        #expect(mute.contains("wants SASL") && !mute.contains("TLS"), "\(mute)")
        // A broker that has answered stops. While it restarts, another process accepts its connections and closes them.
        for count in [2, 0, 1] {
            let known = try await failure(after: count, security)
            #expect(!known.contains("TLS") && !known.contains("SASL"), "\(known)")
        }
        // Another client has no knowledge of the server.
        let other = try await failure(after: 0, try ConnectionSecurity(.plaintext, logger: self.logger))
        #expect(other.contains("may want TLS or SASL"), "\(other)")
    }

    @Test(arguments: [true, false])
    func aFailedSetupHasNoUnknownOutcome(isSilent: Bool) async throws {
        try await self.clock.passing {
            let server = try ScriptedBroker(clock: self.clock.loopClock) { _, _ in isSilent ? .nothing : .close }
            defer { server.stop() }
            let loop = try EventLoop(name: "client", clock: self.clock.loopClock)
            defer { loop.shutdown() }
            let start = self.clock.now
            let error = await #expect(throws: KafkaError.self) { _ = try await self.open(server, on: loop) }
            #expect(self.clock.now - start == (isSilent ? .seconds(2) : .zero))
            #expect(error?.isRetriable == true)
            #expect(error?.isOutcomeUnknown == false)
            #expect(error?.description.contains("outcome unknown") == false)
        }
    }

    @Test func noLineMentionsAnUnknownOutcomeIfNoConnectionWasOpened() async throws {
        try await self.clock.withBroker { kafka in
            var producing = ProducerConfiguration(KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers))
            let log = KeptLog(minimum: .debug)
            producing.cluster.log = log
            producing.cluster.clock = kafka.clock
            producing.cluster.requestTimeout = .milliseconds(500)
            producing.cluster.connectionSetupTimeout = .milliseconds(500)
            producing.deliveryTimeout = .seconds(2)
            producing.enableIdempotence = false
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
            #expect(!lines.contains { $0["error"]?.contains("outcome unknown") == true }, "\(lines)")
        }
    }

    @Test func anUnansweredReadHasNoUnknownOutcomeAndAChangeHas() async throws {
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

    @Test func theAdviceAfterAFailureIsNeverThatThereIsNothingToDo() {
        for code in (-1...140).map({ ErrorCode(rawValue: $0) }) where code != .none {
            let error = KafkaError(code, doing: "storing records")
            #expect(!error.message.contains("Nothing"), "\(error.message)")
        }
    }
}
