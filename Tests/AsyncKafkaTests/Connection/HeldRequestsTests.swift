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

/// Requests that wait while a session is renewed (KIP-368).
@Suite(.timeLimit(.minutes(1)))
struct HeldRequestsTests {
    private let clock = TestClock()
    private let kept = KeptEvents()

    /// Opens a connection whose sessions end after a second and are renewed.
    private func withConnection(
        _ mechanism: some SASLMechanism = PlainMechanism.plain(username: "alice", password: "secret"),
        setupTimeout: Duration = .seconds(10), session: Duration = .milliseconds(1200),
        _ body: @escaping @Sendable (EmbeddedKafka, BrokerConnection) async throws -> Void
    ) async throws {
        try await self.withConnections(
            1, mechanism, setupTimeout: setupTimeout, session: session
        ) { kafka, connections in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await connections[0].keepAuthenticated(by: mechanism) }
                try await body(kafka, connections[0])
                connections[0].close(.cancelled)
            }
        }
    }

    /// Opens `count` such connections, but does not renew their sessions.
    private func withConnections(
        _ count: Int, _ mechanism: some SASLMechanism, setupTimeout: Duration, session: Duration = .milliseconds(1200),
        _ body: @escaping @Sendable (EmbeddedKafka, [BrokerConnection]) async throws -> Void
    ) async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.users = ["alice": "secret"]
        configuration.maxSession = session
        configuration.listeners = [EmbeddedKafka.Listener("SASL", mechanisms: [.plain])]
        try await self.clock.withCluster(configuration) { kafka in
            let server = try #require(KafkaServer(kafka.bootstrapServers(of: "SASL")[0]))
            var client = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers(of: "SASL"))
            client.connectionSetupTimeout = setupTimeout
            client.observer = self.kept
            // With longer sessions, the renewal takes place at the same time, and the session lasts beyond it.
            if session > .milliseconds(1200) {
                client.sessionRenewal = 1.05 / (session / .seconds(1))..<1.15 / (session / .seconds(1))
            }
            let logger = Logger(SilentLog())
            let security = try ConnectionSecurity(.sasl(mechanism, over: .plaintext), logger: logger)
            let loop = try EventLoop(name: "client", clock: self.clock.loopClock)
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

    @Test func sessionsAreRenewedAt85To95PercentOfTheirLifetime() async throws {
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

    /// PLAIN that rejects the broker's answer to its second login.
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

    @Test func requestsThatWaitForAFailedRenewalAreNeverSent() async throws {
        try await self.withConnection(Suspicious()) { kafka, connection in
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .saslAuthenticate)
            await hold.untilHeld()
            let waiting = self.submit(connection)
            hold.release()
            let error = await #expect(throws: KafkaError.self) { try await waiting.value() }
            #expect(error?.message == "not the broker")
            #expect(error?.isOutcomeUnknown == false)
            // Everything that was sent has arrived by then, because the connection is closed.
            try await self.clock.until { try await kafka.connectionCount(of: 1) == 0 }
            #expect(!kafka.requests.contains { $0.api == .metadata })
        }
    }

    @Test func aWaitingRequestThatTimesOutDoesNotCloseTheConnection() async throws {
        // So long that no other timer fires.
        try await self.withConnection(setupTimeout: .seconds(300)) { kafka, connection in
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .saslAuthenticate)
            await hold.untilHeld()
            let start = self.clock.now
            let (short, long) = (self.submit(connection, timeout: .milliseconds(50)), self.submit(connection))
            let error = await #expect(throws: KafkaError.self) { try await short.value() }
            #expect(self.clock.now - start == .milliseconds(50))
            #expect(error?.code == .timedOut)
            #expect(error?.isOutcomeUnknown == false)
            hold.release()
            _ = try await long.value()
            #expect(connection.isOpen)
        }
    }

    @Test func aRenewalAfterASlowRequestHasItsOwnTimeout() async throws {
        let setupTimeout = Duration.seconds(2)
        try await self.withConnection(setupTimeout: setupTimeout) { kafka, connection in
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .metadata)
            let slow = self.submit(connection)
            try await self.clock.until { connection.isHeld }
            try await connection.loop.sleep(for: setupTimeout * 2)
            #expect(connection.isOpen && connection.isHeld)
            hold.release()
            _ = try await slow.value()
            try await self.clock.until { !connection.isOpen || !connection.isHeld }
            _ = try await self.submit(connection).value()
        }
    }

    @Test func aRenewalWaitsForTheEndOfThrottling() async throws {
        let throttle = Duration.seconds(2)
        try await self.withConnection { kafka, connection in
            kafka.rewrite(MetadataRequest.self) { _, _, response in response.throttleTimeMs = 2000 }
            let askedAt = connection.loop.now
            _ = try await self.submit(connection).value()
            await kafka.untilRequests(of: .saslHandshake, count: 2)
            #expect(connection.loop.now - askedAt == throttle)
            _ = try await self.submit(connection).value()
            #expect(connection.isOpen)
        }
    }

    /// Submits requests without a response.
    private func submitUnanswered(
        _ connection: BrokerConnection, byteCount: Int = 10, timeout: Duration = .seconds(20)
    ) -> Promise<Void> {
        let promise = Promise<Void>()
        var request = ProduceRequest()
        request.acks = 0
        // A field that brokers ignore if there are no records.
        request.transactionalId = String(repeating: "x", count: byteCount)
        connection.submitWithoutResponse(request, version: 9, timeout: timeout) { promise.fulfill($0) }
        return promise
    }

    @Test func aRenewalAfterUnreadRequestsWithoutAnswersHasItsOwnTimeout() async throws {
        let setupTimeout = Duration.seconds(1)
        // After the session's end, the broker would reject the waiting requests. It is renewed after a second, like the
        // others, so that nearly all of its time and of the deadlines is left for the unread bytes.
        try await self.withConnection(setupTimeout: setupTimeout, session: .seconds(60)) { kafka, connection in
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .produce)
            // Far more than the buffers of the sockets and of the broker hold.
            let waiting = (0..<1000).map { _ in
                self.submitUnanswered(connection, byteCount: 32_000, timeout: .seconds(60))
            }
            try await self.clock.until { connection.isHeld }
            try await connection.loop.sleep(for: setupTimeout * 2)
            #expect(connection.isOpen && connection.isHeld)
            hold.release()
            for promise in waiting { try await promise.value() }
            try await self.clock.until { !connection.isOpen || !connection.isHeld }
            _ = try await self.submit(connection).value()
        }
    }

    @Test func aWaitingRequestWithoutAnAnswerTimesOutAlone() async throws {
        try await self.withConnection(setupTimeout: .seconds(300)) { kafka, connection in
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .saslAuthenticate)
            await hold.untilHeld()
            let start = self.clock.now
            let short = self.submitUnanswered(connection, timeout: .milliseconds(50))
            let long = self.submitUnanswered(connection)
            let error = await #expect(throws: KafkaError.self) { try await short.value() }
            #expect(self.clock.now - start == .milliseconds(50))
            #expect(error?.code == .timedOut)
            #expect(error?.isOutcomeUnknown == false)
            hold.release()
            try await long.value()
            #expect(connection.isOpen)
        }
    }

    @Test func aRenewalReportsHowLongRequestsWereHeld() async throws {
        try await self.withConnection(session: .seconds(60)) { kafka, connection in
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .saslAuthenticate)
            await hold.untilHeld()
            let waiting = self.submit(connection)
            try await connection.loop.sleep(for: .seconds(3))
            #expect(self.kept.reauthenticated.isEmpty)
            hold.release()
            _ = try await waiting.value()
            try await self.clock.until { !self.kept.reauthenticated.isEmpty }
            #expect(self.kept.reauthenticated.map(\.duration) == [.seconds(3)])
            #expect(self.kept.reauthenticated.map(\.mechanism) == ["PLAIN"])
            #expect(self.kept.sent("Metadata").map(\.queued) == [.seconds(3)])
        }
    }

    @Test func requestsHeldByAClosingClientFailWithItsReason() async throws {
        let mechanism = PlainMechanism.plain(username: "alice", password: "secret")
        try await self.withConnections(1, mechanism, setupTimeout: .seconds(300)) { kafka, connections in
            let connection = connections[0]
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .saslAuthenticate)
            let renewal = Task { await connection.keepAuthenticated(by: mechanism) }
            await hold.untilHeld()
            let waiting = self.submit(connection)
            renewal.cancel()
            await renewal.value
            connection.close(KafkaError(.closed, "The client is closed."))
            let error = await #expect(throws: KafkaError.self) { try await waiting.value() }
            #expect(error?.code == .closed)
            hold.release()
        }
    }

    @Test func theBackoffOfCredentialsFitsTheSession() {
        let now = LoopClock.system.now
        for (lifetime, longest) in [(Duration.seconds(3600), Duration.seconds(10)), (.seconds(60), .seconds(3))] {
            let session = BrokerConnection.Session(
                beganAt: now, prepareAt: now, renewAt: now, endsAt: now + lifetime)
            let backoff = session.credentialsBackoff(initial: .milliseconds(100))
            #expect(backoff.delay(failures: 1, jitter: 0.5) == .milliseconds(100))
            #expect(backoff.delay(failures: 30, jitter: 0.5) == longest)
        }
    }
}
