// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// A mechanism written outside of the library has what the library's own have.
@Suite(.timeLimit(.minutes(1))) struct OwnMechanismTests {
    private let clock = TestClock()

    /// PLAIN, whose password is a ticket with a number.
    private final class TicketMechanism: SASLMechanism {
        let name = "PLAIN"
        let credentialsSource = "The ticket office"
        let calls = Lock<[String]>([])
        private let tickets = Lock(0)

        func makeExchange(with server: KafkaServer) -> any SASLExchange {
            self.calls.withLock { $0.append("make") }
            return self.exchange()
        }

        func makeExchange(
            with server: KafkaServer, renewingSessionThatEndsIn remaining: Duration, within limit: Duration
        ) -> any SASLExchange {
            self.calls.withLock {
                $0.append(remaining > limit && limit > .zero ? "renew" : "renew: \(remaining), \(limit)")
            }
            return self.exchange()
        }

        private func exchange() -> TicketExchange {
            let ticket = self.tickets.withLock { number in
                number += 1
                return number
            }
            return TicketExchange(ticket: ticket, calls: self.calls)
        }
    }

    private struct TicketExchange: SASLExchange {
        let ticket: Int
        let calls: Lock<[String]>

        var secrets: [String]? { ["ticket"] }
        var warning: String? { "Ticket \(self.ticket) is the last but one." }

        /// The second one has been left lying.
        func isExpired(at now: Timestamp) -> Bool { self.ticket == 2 }

        func respond(to challenge: Bytes?) -> SASLResponse {
            guard challenge == nil else { return .done }
            self.calls.withLock { $0.append("send \(self.ticket)") }
            return .send(Bytes("\0alice\0ticket"))
        }

        func ended(isAccepted: Bool) {
            self.calls.withLock { $0.append(isAccepted ? "accepted \(self.ticket)" : "refused \(self.ticket)") }
        }
    }

    private func withBroker(
        password: String, _ mechanism: TicketMechanism, _ log: some KafkaLog,
        _ body: @escaping @Sendable (KafkaClientConfiguration) async throws -> Void
    ) async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.users = ["alice": password]
        configuration.maxSession = .seconds(20)
        configuration.listeners = [EmbeddedKafka.Listener("SASL", mechanisms: [.plain])]
        try await self.clock.withCluster(configuration) { kafka in
            var client = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers(of: "SASL"))
            client.clock = self.clock.loopClock
            client.security = .sasl(mechanism, over: .plaintext)
            client.log = log
            try await body(client)
        }
    }

    @Test func itsSessionsAreRenewedWithCredentialsThatAreStillValid() async throws {
        let mechanism = TicketMechanism()
        let log = KeptLog(minimum: .debug)
        try await self.withBroker(password: "ticket", mechanism, log) { client in
            try await KafkaAdminClient.withAdminClient(client) { admin in
                _ = try await admin.describeDelegationTokens()
                let calls = { mechanism.calls.withLock { $0 } }
                while !calls().contains("accepted 3") { try await self.clock.sleep(for: .milliseconds(100)) }
                // Ticket 2 has expired while the renewal waited for its time, so another is made.
                #expect(
                    calls().prefix(8)
                        == ["make", "send 1", "accepted 1", "renew", "make", "send 3", "accepted 3"].prefix(8))
            }
        }
        #expect(log.lines(.warning).contains { $0.contains("Ticket 1 is the last but one.") })
    }

    @Test func itHearsOfARefusalAndItsSecretsAreInNoError() async throws {
        let mechanism = TicketMechanism()
        let log = KeptLog(minimum: .trace)
        try await self.withBroker(password: "other", mechanism, log) { client in
            let error = await #expect(throws: KafkaError.self) {
                try await KafkaAdminClient.withAdminClient(client) { _ = try await $0.describeDelegationTokens() }
            }
            #expect(error?.code == .authenticationFailed)
        }
        #expect(mechanism.calls.withLock { $0 }.contains("refused 1"))
        #expect(!log.lines.contains { $0.contains("ticket") })
    }
}
