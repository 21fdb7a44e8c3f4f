// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import Testing

@testable import AsyncKafka

/// Errors that temporarily prevent an idempotent producer from obtaining its id, and errors that are fatal.
@Suite(.timeLimit(.minutes(2))) struct ProducerIdentityTests {
    private let record = ProducerRecord(topic: "t", value: "v")

    private func securing(
        _ kafka: EmbeddedKafka, _ mechanism: some SASLMechanism
    ) -> ProducerConfiguration {
        kafka.producing {
            $0.cluster.bootstrapServers = kafka.bootstrapServers(of: "SASL")
            $0.cluster.security = .sasl(mechanism, over: .plaintext)
        }
    }

    /// Sends a record until it is stored or the error is fatal.
    private func sendUntilStored(_ producer: KafkaProducer) async throws {
        var isStored = false
        while !isStored {
            do throws(KafkaError) {
                _ = try await producer.send(self.record)
                isStored = true
            } catch {
                if error.isFatal || error.code == .closed { throw error }
                await Task.yield()
            }
        }
    }

    @Test func aUserThatIsCreatedLaterCanWrite() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.users = ["bob": "bob-secret"]
        configuration.listeners = [EmbeddedKafka.Listener("SASL", mechanisms: [.scramSHA256])]
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            try await kafka.createTopic("t")
            let alice = self.securing(kafka, .scramSHA256(username: "alice", password: "alice-secret"))
            try await KafkaProducer.withProducer(alice) { producer in
                let error = await #expect(throws: KafkaError.self) { try await producer.send(self.record) }
                #expect(error?.code == .authenticationFailed)
                #expect(error?.isFatal == false)
                try await kafka.setPassword("alice-secret", of: "alice")
                try await self.sendUntilStored(producer)
            }
            let values = try await kafka.values("t")
            #expect(values == ["v"])
        }
    }

    @Test func aServerThatIsTrustedLaterIsWrittenTo() async throws {
        let authority = try EmbeddedKafka.Authority()
        let other = try EmbeddedKafka.Authority()
        var configuration = EmbeddedKafka.Configuration()
        configuration.listeners = [EmbeddedKafka.Listener("SECURE", tls: try other.tls())]
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            try await kafka.createTopic("t")
            let producing = kafka.producing {
                $0.cluster.bootstrapServers = kafka.bootstrapServers(of: "SECURE")
                $0.cluster.security = .tls(KafkaTLSConfiguration(trust: .pem(authority.certificate)))
            }
            try await KafkaProducer.withProducer(producing) { producer in
                let error = await #expect(throws: KafkaError.self) { try await producer.send(self.record) }
                #expect(error?.code == .tlsFailed)
                #expect(error?.isFatal == false)
                try await kafka.setTLS(try authority.tls(), of: "SECURE")
                try await self.sendUntilStored(producer)
            }
            let values = try await kafka.values("t")
            #expect(values == ["v"])
        }
    }

    /// The topic is known, and only the id is refused.
    @Test(arguments: [ErrorCode.clusterAuthorizationFailed, .unknownServerError])
    func aTemporarilyRefusedIDFailsTheRecordsOfThatTime(_ code: ErrorCode) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            let refusals = kafka.inject(.fail(code), on: .initProducerId, times: nil)
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                let error = await #expect(throws: KafkaError.self) { try await producer.send(self.record) }
                #expect(error?.brokerCode == code)
                #expect(error?.isFatal == false)
                #expect(error?.isOutcomeUnknown == false)
                refusals.remove()
                try await self.sendUntilStored(producer)
            }
            let values = try await kafka.values("t")
            #expect(values == ["v"])
        }
    }

    @Test func aFatalErrorIsMarkedAsFatalAndEndsTheRun() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            kafka.inject(.fail(.unsupportedVersion), on: .initProducerId, times: nil)
            var ended: KafkaError?
            do {
                try await KafkaProducer.withProducer(kafka.producing()) { producer in
                    let error = await #expect(throws: KafkaError.self) { try await producer.send(self.record) }
                    #expect(error?.isFatal == true)
                    #expect(error?.message.contains("new producer") == true)
                }
            } catch let error as KafkaError {
                ended = error
            }
            #expect(ended?.isFatal == true)
            #expect(ended?.code == .unsupportedVersion)
        }
    }
}
