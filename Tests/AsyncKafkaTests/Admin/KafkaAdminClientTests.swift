// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(1))) struct KafkaAdminClientTests {
    private func configuration(_ servers: [String]) -> KafkaClientConfiguration {
        var configuration = KafkaClientConfiguration(bootstrapServers: servers)
        configuration.apiTimeout = .milliseconds(300)
        configuration.log = SilentLog()
        return configuration
    }

    @Test func invalidSettingsAreRefused() {
        let error = #expect(throws: KafkaError.self) {
            _ = try KafkaAdminClient(KafkaClientConfiguration(bootstrapServers: []))
        }
        #expect(error?.code == .invalidConfiguration)
    }

    @Test func aCallWithoutRunFailsAtItsDeadlineWithTheReason() async throws {
        let admin = try KafkaAdminClient(self.configuration(["127.0.0.1:1"]))
        let error = await #expect(throws: KafkaError.self) { try await admin.describeDelegationTokens() }
        #expect(error?.code == .timedOut, "\(String(describing: error))")
        #expect(error?.message.contains("run()") == true, "\(String(describing: error))")
    }

    @Test func aCallToAnUnreachableBrokerFailsAtItsDeadline() async throws {
        let error = try await KafkaAdminClient.withAdminClient(self.configuration(["127.0.0.1:1"])) { admin in
            await #expect(throws: KafkaError.self) { try await admin.createDelegationToken() }
        }
        #expect(error?.code == .timedOut, "\(String(describing: error))")
    }

    @Test func aBrokerWithoutTokenSupportIsAnError() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.withheldAPIs = [.createDelegationToken]
        try await EmbeddedKafka.withCluster(configuration) { broker in
            var client = self.configuration(broker.bootstrapServers)
            client.apiTimeout = .seconds(30)
            let error = try await KafkaAdminClient.withAdminClient(client) { admin in
                await #expect(throws: KafkaError.self) { try await admin.createDelegationToken() }
            }
            #expect(error?.code == .unsupportedVersion, "\(String(describing: error))")
        }
    }

    @Test func invalidTokensAndDurationsAreRefusedAtOnceWithoutBeingQuoted() async throws {
        let admin = try KafkaAdminClient(self.configuration(["127.0.0.1:1"]))
        for hmac: Secret in ["hush!", ""] {
            let error = await #expect(throws: KafkaError.self) { try await admin.renewDelegationToken(hmac: hmac) }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.contains("hush") == false)
        }
        let error = await #expect(throws: KafkaError.self) {
            try await admin.renewDelegationToken(hmac: "aHVzaA==", for: .zero)
        }
        #expect(error?.code == .invalidArgument)
    }

    /// The broker has begun the operation and doesn't know its outcome, so only repeatable requests are retried.
    @Test func aCallThatTimedOutOnTheBrokerIsRetriedOnlyIfItIsRepeatable() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.users = ["alice": "secret"]
        configuration.listeners = [EmbeddedKafka.Listener("SASL", mechanisms: [.scramSHA256])]
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            var client = self.configuration(kafka.bootstrapServers(of: "SASL"))
            client.apiTimeout = .seconds(30)
            client.security = .sasl(.scramSHA256(username: "alice", password: "secret"), over: .plaintext)
            try await KafkaAdminClient.withAdminClient(client) { admin in
                let token = try await admin.createDelegationToken()
                let making = kafka.inject(.fail(.requestTimedOut), on: .createDelegationToken, times: 2)
                let ending = kafka.inject(.fail(.requestTimedOut), on: .expireDelegationToken, times: 2)
                let describing = kafka.inject(.fail(.requestTimedOut), on: .describeDelegationToken, times: 2)
                let renewing = kafka.inject(.fail(.requestTimedOut), on: .renewDelegationToken, times: 2)
                let made = await #expect(throws: KafkaError.self) { try await admin.createDelegationToken() }
                let ended = await #expect(throws: KafkaError.self) {
                    try await admin.expireDelegationToken(hmac: token.hmac)
                }
                for error in [made, ended] {
                    #expect(error?.brokerCode == .requestTimedOut)
                    #expect(error?.isOutcomeUnknown == true, "\(String(describing: error))")
                }
                #expect(making.hits == 1 && ending.hits == 1)
                // A query, and an operation that can safely be repeated.
                #expect(try await admin.describeDelegationTokens().map(\.id) == [token.id])
                try await admin.renewDelegationToken(hmac: token.hmac)
                #expect(describing.hits == 2 && renewing.hits == 2)
            }
        }
    }

    @Test func runCanBeCalledOnce() async throws {
        let admin = try KafkaAdminClient(self.configuration(["127.0.0.1:1"]))
        admin.triggerGracefulShutdown()
        try await admin.run()
        let error = await #expect(throws: KafkaError.self) { try await admin.run() }
        #expect(error?.code == .illegalState)
    }
}
