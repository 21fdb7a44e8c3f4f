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

/// Requests that wait while a session is renewed (KIP-368).
@Suite(.timeLimit(.minutes(1)))
struct HeldRequestsTests {
    /// A connection whose sessions end after a second, and are renewed.
    private func withConnection(
        _ mechanism: some SASLMechanism = PlainMechanism.plain(username: "alice", password: "secret"),
        setupTimeout: Duration = .seconds(10), _ body: (EmbeddedKafka, BrokerConnection) async throws -> Void
    ) async throws {
        try await self.withConnections(1, mechanism, setupTimeout: setupTimeout) { kafka, connections in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await connections[0].keepAuthenticated(by: mechanism) }
                try await body(kafka, connections[0])
                connections[0].close(.cancelled)
            }
        }
    }

    /// So many of them, which nobody renews.
    private func withConnections(
        _ count: Int, _ mechanism: some SASLMechanism, setupTimeout: Duration,
        _ body: (EmbeddedKafka, [BrokerConnection]) async throws -> Void
    ) async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.users = ["alice": "secret"]
        configuration.maximumSession = .milliseconds(1200)
        configuration.listeners = [EmbeddedKafka.Listener("SASL", mechanisms: [.plain])]
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            let server = try #require(KafkaServer(kafka.bootstrapServers(of: "SASL")[0]))
            var client = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers(of: "SASL"))
            client.connectionSetupTimeout = setupTimeout
            let logger = Logger(SilentLog())
            let security = try ConnectionSecurity(.sasl(mechanism, over: .plaintext), logger: logger)
            let loop = try EventLoop(name: "client")
            defer { loop.shutdown() }
            var connections: [BrokerConnection] = []
            for _ in 0..<count {
                connections.append(
                    try await BrokerConnection.open(
                        to: Broker(id: nil, host: server.host, port: server.port), configuration: client,
                        security: security, loop: loop, logger: logger
                    ) { _, _ in })
            }
            try await body(kafka, connections)
        }
    }

    @Test("sessions are renewed at 85 to 95 % of them, some sooner and some later")
    func window() async throws {
        let mechanism = PlainMechanism.plain(username: "alice", password: "secret")
        try await self.withConnections(60, mechanism, setupTimeout: .seconds(10)) { _, connections in
            let shares = connections.compactMap(\.session).map { session in
                (session.renewAt - session.beganAt) / (session.endsAt - session.beganAt)
            }
            #expect(shares.count == 60)
            #expect(shares.allSatisfy { (0.85...0.95).contains($0) }, "\(shares)")
            #expect((shares.max() ?? 0) - (shares.min() ?? 0) > 0.03, "\(shares)")
        }
    }

    private func submit(_ connection: BrokerConnection, timeout: Duration = .seconds(20)) -> Promise<MetadataResponse> {
        let promise = Promise<MetadataResponse>()
        connection.submit(MetadataRequest(), version: 12, timeout: timeout) { promise.fulfill($0) }
        return promise
    }

    /// PLAIN that does not believe what the broker says at its second login.
    private final class Suspicious: SASLMechanism {
        private struct Exchange: SASLExchange {
            var believes: Bool

            func respond(to challenge: Bytes?) throws -> SASLResponse {
                if challenge == nil { return .send("\0alice\0secret") }
                guard self.believes else { throw KafkaError.authenticationFailed("not the broker") }
                return .done
            }
        }

        let name = "PLAIN"
        private let logins = Lock(0)

        func makeExchange(with server: KafkaServer) -> any SASLExchange {
            self.logins.withLock { logins in
                logins += 1
                return Exchange(believes: logins == 1)
            }
        }
    }

    @Test("what waits for a renewal that fails is never sent, and is known not to be")
    func failure() async throws {
        try await self.withConnection(Suspicious()) { kafka, connection in
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .saslAuthenticate)
            await hold.untilHeld()
            let waiting = self.submit(connection)
            hold.release()
            let error = await #expect(throws: KafkaError.self) { try await waiting.value() }
            #expect(error?.message == "not the broker")
            #expect(error?.isOutcomeUnknown == false)
            // All that was sent has come by then: the connection is closed.
            while try await kafka.connectionCount(of: 1) > 0 { await Task.yield() }
            #expect(!kafka.requests.contains { $0.api == .metadata })
        }
    }

    @Test("a request that is still waiting when its time is over ends alone, and the connection goes on")
    func overdue() async throws {
        // So long that no other timer is due.
        try await self.withConnection(setupTimeout: .seconds(300)) { kafka, connection in
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .saslAuthenticate)
            await hold.untilHeld()
            let (short, long) = (self.submit(connection, timeout: .milliseconds(50)), self.submit(connection))
            let error = await #expect(throws: KafkaError.self) { try await short.value() }
            #expect(error?.code == .timedOut)
            #expect(error?.isOutcomeUnknown == false)
            hold.release()
            _ = try await long.value()
            #expect(connection.isOpen)
        }
    }

    @Test("a renewal behind a request that takes its time has its own time after that one's")
    func behindSlowRequests() async throws {
        let setupTimeout = Duration.seconds(2)
        try await self.withConnection(setupTimeout: setupTimeout) { kafka, connection in
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .metadata)
            let slow = self.submit(connection)
            while !connection.isHeld { await Task.yield() }
            // The time itself is what is tested: it has to pass.
            try await connection.loop.sleep(for: setupTimeout * 2)
            #expect(connection.isOpen && connection.isHeld)
            hold.release()
            _ = try await slow.value()
            while connection.isOpen, connection.isHeld { await Task.yield() }
            _ = try await self.submit(connection).value()
        }
    }
}
