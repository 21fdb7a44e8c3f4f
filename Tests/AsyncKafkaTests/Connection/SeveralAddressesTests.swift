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

/// A broker whose name has several addresses, some of them faulty.
@Suite(.timeLimit(.minutes(1)))
struct SeveralAddressesTests {
    private let clock = TestClock()
    /// The behaviour of a faulty address.
    enum Fault: CaseIterable, Sendable {
        case closes, silent, nonsense, isWebServer, tooOld

        var reply: ScriptedBroker.Reply {
            switch self {
            case .closes: .close
            case .silent: .nothing
            case .nonsense: .frame(Bytes([0x7f, 0, 0, 1, 0, 0] as [UInt8]))
            case .isWebServer: .bytes(Bytes("HTTP/1.1 400 Bad Request\r\n\r\n"), isLast: true)
            case .tooOld: .body(Bytes([0, 35] as [UInt8]))
            }
        }
    }

    private func resolver(_ ports: [Int]) throws -> NameResolver {
        let addresses = try ports.map { try #require(SocketAddress.numeric(host: "127.0.0.1", port: $0)) }
        return NameResolver(maximumThreads: 1) { _, _ in .success(addresses) }
    }

    private func open(
        _ resolver: NameResolver, on loop: EventLoop, setUp: Duration = .seconds(20)
    ) async throws -> BrokerConnection {
        var configuration = KafkaClientConfiguration(bootstrapServers: ["kafka.example:9092"])
        configuration.nameResolver = resolver
        configuration.connectionSetupTimeout = setUp
        return try await BrokerConnection.open(
            to: Broker(id: nil, host: "kafka.example", port: 9092), configuration: configuration,
            security: .plaintext, loop: loop, logger: Logger(SilentLog())
        ) { _, _ in }
    }

    /// Opens two connections, one after the other, which both must reach the same server.
    private func openTwice(
        _ ports: [Int], to server: ScriptedBroker, on loop: EventLoop, setUp: Duration
    ) async throws {
        let resolver = try self.resolver(ports)
        for _ in 0..<2 {
            let connection = try await self.open(resolver, on: loop, setUp: setUp)
            #expect(connection.channel.remoteAddress?.port == server.port)
            connection.close(.cancelled)
        }
    }

    @Test(arguments: Fault.allCases)
    func theNextAddressIsTriedAfterAnyFailureBeforeTheVersionsAreKnown(fault: Fault) async throws {
        try await self.clock.passing {
            let bad = try ScriptedBroker(clock: self.clock.loopClock) { _, _ in fault.reply }
            let good = try ScriptedBroker(clock: self.clock.loopClock) { _, _ in
                (try? .apiVersions()).map { .body($0) } ?? .close
            }
            defer {
                bad.stop()
                good.stop()
            }
            let loop = try EventLoop(name: "client", clock: self.clock.loopClock)
            defer { loop.shutdown() }
            let start = self.clock.now
            try await self.openTwice([bad.port, good.port], to: good, on: loop, setUp: .seconds(10))
            // The silent address uses half of the time.
            #expect(self.clock.now - start == (fault == .silent ? .seconds(5) : .zero))
            // Once, or twice for the server that is asked again in an older version. It isn't asked for the second
            // connection.
            #expect(bad.requests.count <= (fault == .tooOld ? 2 : 1))
            #expect(good.requests.count == 2)
        }
    }

    @Test func aSlowBrokerIsReachedHoweverManyAddressesItsNameHas() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let server = try #require(KafkaServer(kafka.bootstrapServers[0]))
            kafka.inject(.delay(.seconds(1)), on: .apiVersions, times: nil)
            let loop = try EventLoop(name: "client")
            defer { loop.shutdown() }
            // An equal share of the time would be 400 milliseconds.
            let ports = Array(repeating: server.port, count: 25)
            let connection = try await self.open(self.resolver(ports), on: loop, setUp: .seconds(10))
            connection.close(.cancelled)
        }
    }

    @Test func silentAddressesCostLittleAndComeLastTheNextTime() async throws {
        let silent = try SilentPort()
        let closing = try ScriptedBroker { _, _ in .close }
        let good = try ScriptedBroker { _, _ in (try? .apiVersions()).map { .body($0) } ?? .close }
        defer {
            closing.stop()
            good.stop()
        }
        let loop = try EventLoop(name: "client")
        defer { loop.shutdown() }
        let ports = [silent.port, closing.port, silent.port, good.port]
        let begin = loop.now
        try await self.openTwice(ports, to: good, on: loop, setUp: .seconds(80))
        // One after the other, the silent addresses would have used 20 seconds or more.
        #expect(loop.now - begin < .seconds(15))
        #expect(closing.requests.count == 1)
        withExtendedLifetime(silent) {}
    }

    @Test func theErrorNamesTheFailureOfEachAddress() async throws {
        let closing = try ScriptedBroker { _, _ in .close }
        let web = try ScriptedBroker { _, _ in Fault.isWebServer.reply }
        defer {
            closing.stop()
            web.stop()
        }
        let loop = try EventLoop(name: "client")
        defer { loop.shutdown() }
        let ports = [closing.port, web.port]
        let resolver = try self.resolver(ports)
        let error = await #expect(throws: KafkaError.self) { _ = try await self.open(resolver, on: loop) }
        for part in ["127.0.0.1:\(closing.port): The broker closed", "127.0.0.1:\(web.port): This is a web server"] {
            #expect(error?.message.contains(part) == true, "\(String(describing: error))")
        }
        #expect(error?.isRetriable == true)
        #expect(error?.isOutcomeUnknown == false)
    }

    @Test func aClientReachesTheBrokerDespiteABadBootstrapAddress() async throws {
        let closing = try ScriptedBroker { _, _ in .close }
        defer { closing.stop() }
        try await EmbeddedKafka.withBroker { kafka in
            let server = try #require(KafkaServer(kafka.bootstrapServers[0]))
            var client = KafkaClientConfiguration(bootstrapServers: ["kafka.example:9092"])
            client.nameResolver = try self.resolver([closing.port, server.port])
            client.log = SilentLog()
            // If only the whole connection were retried, it would fail repeatedly.
            try await KafkaProducer.withProducer(ProducerConfiguration(client)) { producer in
                _ = try await producer.send(ProducerRecord(topic: "t", value: "x"))
            }
        }
    }

    @Test func aRefusedPasswordIsNotTriedAtAnotherAddress() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.users = ["alice": "secret"]
        configuration.listeners = [EmbeddedKafka.Listener("SASL", mechanisms: [.plain])]
        let other = try ScriptedBroker { _, _ in .close }
        defer { other.stop() }
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            let server = try #require(KafkaServer(kafka.bootstrapServers(of: "SASL")[0]))
            var client = KafkaClientConfiguration(bootstrapServers: ["kafka.example:9092"])
            client.nameResolver = try self.resolver([server.port, other.port])
            let logger = Logger(SilentLog())
            let security = try ConnectionSecurity(
                .sasl(.plain(username: "alice", password: "wrong"), over: .plaintext), logger: logger)
            let loop = try EventLoop(name: "client")
            defer { loop.shutdown() }
            let error = await #expect(throws: KafkaError.self) {
                _ = try await BrokerConnection.open(
                    to: Broker(id: nil, host: "kafka.example", port: 9092), configuration: client,
                    security: security, loop: loop, logger: logger
                ) { _, _ in }
            }
            #expect(error?.code == .authenticationFailed)
            #expect(other.requests.isEmpty)
        }
    }
}
