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

/// Brokers that respond to an authentication with garbage, with silence, or by closing the connection. The result is a
/// typed error in time that affects nothing else, and work resumes when the broker recovers.
@Suite(.timeLimit(.minutes(1))) struct AuthenticationBadDaysTests {
    enum Way: CaseIterable, Sendable {
        case plain, scram256, scram512, oauthBearer

        /// The number of a broker's responses, including the handshake.
        var answers: Int {
            switch self {
            case .plain, .oauthBearer: 2
            case .scram256, .scram512: 3
            }
        }

        func mechanism(password: Secret = "secret", tokenTimeout: Duration = .seconds(10)) -> any SASLMechanism {
            switch self {
            case .plain: .plain(username: "alice", password: password)
            case .scram256: .scramSHA256(username: "alice", password: password)
            case .scram512: .scramSHA512(username: "alice", password: password)
            case .oauthBearer:
                .oauthBearer(
                    FixedToken(value: password == "secret" ? "token" : password), tokenTimeout: tokenTimeout)
            }
        }
    }

    private struct FixedToken: OAuthBearerTokenProvider {
        var value: Secret

        func token() -> OAuthBearerToken { OAuthBearerToken(self.value, lifetime: .seconds(3600)) }
    }

    /// A broker, and a client that connects to it with one mechanism.
    private final class Client: Sendable {
        let broker: AuthenticatingBroker
        let loop: EventLoop
        private let security: ConnectionSecurity

        init(_ mechanism: any SASLMechanism, isTooOld: Bool = false, clock: LoopClock = .system) throws {
            self.broker = try AuthenticatingBroker(isTooOld: isTooOld, clock: clock)
            self.loop = try EventLoop(name: "client", clock: clock)
            self.security = try ConnectionSecurity(Self.security(mechanism), logger: Logger(SilentLog()))
        }

        private static func security(_ mechanism: some SASLMechanism) -> KafkaSecurity {
            .sasl(mechanism, over: .plaintext)
        }

        func open(within limit: Duration = .seconds(10)) async -> Result<BrokerConnection, KafkaError> {
            guard let server = self.broker.scripted else { return .failure(.cancelled) }
            var configuration = KafkaClientConfiguration(bootstrapServers: [server.address])
            configuration.log = SilentLog()
            configuration.connectionSetupTimeout = limit
            do throws(KafkaError) {
                return .success(
                    try await BrokerConnection.open(
                        to: server.broker, configuration: configuration, security: self.security, loop: self.loop,
                        logger: Logger(SilentLog())
                    ) { _, _ in })
            } catch {
                return .failure(error)
            }
        }

        func failure(within limit: Duration = .seconds(10)) async -> KafkaError? {
            switch await self.open(within: limit) {
            case .success: nil
            case .failure(let error): error
            }
        }

        func end() {
            self.broker.stop()
            self.loop.shutdown()
        }
    }

    // MARK: Garbage

    @Test(arguments: Way.allCases)
    func malformedAnswersEndTheAttemptAndNothingElse(way: Way) async throws {
        let client = try Client(way.mechanism())
        defer { client.end() }
        let before = try await client.open().get()
        for fault in AuthenticationFault.allCases where fault != .silence {
            for step in 0..<way.answers {
                // The broker's last message in PLAIN has no meaning.
                let isToken = fault == .junkToken || fault == .hugeToken
                if way == .plain, step > 0, isToken { continue }
                client.broker.fail(at: step, fault)
                let error = await client.failure()
                let code = try #require(error?.code, "\(fault) at \(step) was taken")
                #expect(code != .timedOut && code != .authenticationTimeout, "\(fault) at \(step): \(error)")
                #expect(error?.broker == client.broker.scripted?.address)
                #expect((error?.description.count ?? 0) < 4000)
            }
        }
        client.broker.recover()
        let after = try await client.open().get()
        for connection in [before, after] {
            let answer = try await connection.request(MetadataRequest(), atMost: 8)
            #expect(answer.brokers.count == 1)
        }
    }

    @Test func silenceEndsTheAttemptAtItsDeadline() async throws {
        let clock = TestClock()
        try await clock.passing {
            for way in [Way.plain, .scram256] {
                let client = try Client(way.mechanism(), clock: clock.loopClock)
                defer { client.end() }
                for step in 0..<way.answers {
                    client.broker.fail(at: step, .silence)
                    let start = clock.now
                    let error = await client.failure(within: .seconds(1))
                    #expect(clock.now - start == .seconds(1))
                    #expect(error?.code == .authenticationTimeout, "\(way) at \(step): \(String(describing: error))")
                    #expect(error?.isRetriable == true)
                }
                client.broker.recover()
                _ = try await client.open().get()
            }
        }
    }

    @Test(arguments: [Way.plain, .scram256, .oauthBearer])
    func anAuthenticationThatIsCutOffAnywhereIsAnErrorAtOnce(way: Way) async throws {
        let client = try Client(way.mechanism())
        defer { client.end() }
        var count = 0
        while true {
            client.broker.cut(after: count)
            switch await client.open() {
            case .success(let connection):
                #expect(count > 60)
                _ = try await connection.request(MetadataRequest(), atMost: 8)
                return
            case .failure(let error):
                try #require(error.code == .connectionFailed, "after \(count) bytes: \(error)")
                #expect(error.isRetriable && !error.isOutcomeUnknown)
                #expect(error.message.contains("during authentication by \(way.mechanism().name)"))
            }
            count += 1
        }
    }

    @Test(arguments: Way.allCases)
    func failedLoginsLeakNoMemory(way: Way) async throws {
        let client = try Client(way.mechanism(tokenTimeout: .milliseconds(100)))
        defer { client.end() }
        let faults = [AuthenticationFault.refusal, .junk, .close, .tooLong]
        var round = 0
        // A timer occupies memory until its deadline even if it is no longer needed, so use a short limit.
        let limit = Duration.milliseconds(100)
        let growth = try await HeapUse.growth(of: 400) {
            client.broker.fail(at: way.answers - 1, faults[round % faults.count])
            round += 1
            #expect(await client.failure(within: limit) != nil)
            // The broker's memory for a connection is counted too.
            await client.broker.scripted?.untilNobodyIsConnected()
            client.broker.scripted?.forgetRequests()
        }
        // A connection takes about 5 KB.
        #expect(growth < 500, "\(growth) bytes for each")
    }

    @Test func aBrokerOlderThanKafka21IsRefusedBeforeCredentialsAreSent() async throws {
        let client = try Client(.plain(username: "alice", password: "secret"), isTooOld: true)
        defer { client.end() }
        let error = await client.failure()
        #expect(error?.code == .unsupportedVersion)
        #expect(error?.message.contains("older than Kafka 2.1") == true)
        #expect(client.broker.scripted?.requests.contains { $0.api == .saslHandshake } == false)
    }

    // MARK: Recovery

    @Test(arguments: [AuthenticationFault.junk, .tooLong, .close, .silence, .refusal])
    func workResumesWhenTheBrokerAuthenticatesCorrectlyAgain(fault: AuthenticationFault) async throws {
        let broker = try AuthenticatingBroker()
        defer { broker.stop() }
        let server = try #require(broker.scripted)
        var configuration = ProducerConfiguration(KafkaClientConfiguration(bootstrapServers: [server.address]))
        configuration.cluster.security = .sasl(.plain(username: "alice", password: "secret"), over: .plaintext)
        configuration.cluster.log = SilentLog()
        if fault == .silence { configuration.cluster.connectionSetupTimeout = .milliseconds(300) }
        try await KafkaProducer.withProducer(configuration) { producer in
            let first = try await producer.send(ProducerRecord(topic: "t", value: "1"))
            #expect(first.offset == 0)
            broker.fail(at: 1, fault)
            server.disconnectAll()
            async let waiting = producer.send([ProducerRecord(topic: "t", value: "2")])
            await broker.failed(1)
            // Only a refusal fails pending calls.
            if fault == .refusal {
                let result = await waiting.first
                guard case .failure(let error)? = result else {
                    Issue.record("\(String(describing: result))")
                    return
                }
                #expect(error.code == .authenticationFailed)
                broker.recover()
            } else {
                broker.recover()
                let result = await waiting.first
                #expect(try result?.get().offset == 1)
            }
            // The last refusal is returned until the next connection attempt.
            while true {
                do throws(KafkaError) {
                    let last = try await producer.send(ProducerRecord(topic: "t", value: "3"))
                    #expect(last.offset == (fault == .refusal ? 1 : 2))
                    break
                } catch {
                    try #require(fault == .refusal && error.code == .authenticationFailed, "\(error)")
                }
            }
        }
    }
}
