// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// Where any broker will do, the one that refuses or hangs is not the only one.
@Suite(.timeLimit(.minutes(1))) struct AnyBrokerTests {
    private let record = ProducerRecord(topic: "t", value: "value")

    /// The only broker that is connected refuses for ever; the others are well.
    @Test func aProducerIDIsAskedOfAnotherBrokerThanTheOneThatRefuses() async throws {
        try await EmbeddedKafka.withCluster(brokers: 3) { kafka in
            try await kafka.createTopic("t", replicationFactor: 3)
            let refusal = kafka.inject(.fail(.coordinatorLoadInProgress), on: .initProducerId, broker: 1, times: nil)
            let configuration = kafka.producing { $0.cluster.bootstrapServers = [kafka.bootstrapServers[0]] }
            try await KafkaProducer.withProducer(configuration) { producer in
                let stored = try await producer.send(self.record)
                #expect(stored.offset == 0)
            }
            #expect(refusal.hits <= 1)
        }
    }

    @Test func aCoordinatorIsAskedForOfAnotherBrokerThanTheOneThatRefuses() async throws {
        try await EmbeddedKafka.withCluster(brokers: 3) { kafka in
            try await kafka.createTopic("t", replicationFactor: 3)
            let refusal = kafka.inject(.fail(.coordinatorNotAvailable), on: .findCoordinator, broker: 1, times: nil)
            var configuration = kafka.consuming("g")
            configuration.cluster.bootstrapServers = [kafka.bootstrapServers[0]]
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                let committed = try await consumer.committed(TopicPartition("t", 0))
                #expect(committed == nil)
            }
            #expect(refusal.hits <= 2, "the reader's look-up and this one may each have met it")
        }
    }

    @Test func metadataIsAskedOfAnotherBrokerThanTheOneThatRefuses() async throws {
        try await EmbeddedKafka.withCluster(brokers: 3) { kafka in
            try await kafka.createTopic("t", replicationFactor: 3)
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                _ = try await producer.partitions(of: "t")
                let cluster = producer.sender.cluster
                let refusals = kafka.brokerIDs.dropLast().map { broker in
                    kafka.rewrite(MetadataRequest.self, broker: broker, times: nil) { _, _, response in
                        response.errorCode = .coordinatorLoadInProgress
                    }
                }
                let fresh = try await cluster.refreshedMetadata(deadline: cluster.loop.now + .seconds(30))
                #expect(fresh.brokers.count == 3)
                #expect(refusals.map(\.hits).allSatisfy { $0 <= 2 })
            }
        }
    }

    /// Its connections stay open, also the idle one that would be "least loaded".
    @Test func theCoordinatorIsNotAskedOfABrokerThatHangs() async throws {
        var brokers = EmbeddedKafka.Configuration(brokers: 3)
        brokers.sessionTimeouts = .seconds(1) ... .seconds(600)
        try await EmbeddedKafka.withCluster(brokers) { kafka in
            try await kafka.createTopic("t", replicationFactor: 3)
            try await kafka.fill("t", 1)
            let coordinator = try #require(try await kafka.coordinator(ofGroup: "g"))
            let next = try #require(kafka.brokerIDs.first { $0 != coordinator })
            var configuration = kafka.consuming("g")
            // Only the coordinator is connected for anything but fetching.
            configuration.cluster.bootstrapServers = [kafka.bootstrapServers[coordinator - 1]]
            configuration.cluster.requestTimeout = .seconds(600)
            configuration.cluster.apiTimeout = .seconds(600)
            configuration.sessionTimeout = .seconds(1)
            configuration.enableAutoCommit = false
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                for try await _ in consumer.records { break }
                let hold = EmbeddedKafka.Hold()
                kafka.inject(.hold(hold), broker: coordinator, times: nil)
                await hold.untilHeld()
                try await kafka.moveCoordinator(ofGroup: "g", to: next)
                await kafka.untilRequests { $0.contains { $0.api == .heartbeat && $0.broker == next } }
                hold.release()
            }
        }
    }

    /// One of two bootstrap servers answers nothing, not even a SYN.
    @Test(arguments: 0..<8)
    func aServerThatHangsHoldsUpNobody(attempt: Int) async throws {
        let silent = try SilentPort()
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            let configuration = kafka.producing {
                $0.cluster.bootstrapServers += ["127.0.0.1:\(silent.port)"]
                // Whoever waits for the silent one waits for longer than the test may take.
                $0.cluster.connectionSetupTimeout = .seconds(120)
                $0.maxBlock = .seconds(120)
            }
            let stored = try await KafkaProducer.withProducer(configuration) { try await $0.send(self.record) }
            #expect(stored.offset == 0)
        }
    }

    @Test func aTimeOutTellsTheReason() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            kafka.rewrite(MetadataRequest.self, times: nil) { _, _, response in
                response.errorCode = .coordinatorLoadInProgress
            }
            let configuration = kafka.producing { $0.maxBlock = .seconds(2) }
            await #expect {
                try await KafkaProducer.withProducer(configuration) { try await $0.partitions(of: "t") }
            } throws: {
                guard let error = $0 as? KafkaError else { return false }
                return error.code == .timedOut && error.brokerCode == .coordinatorLoadInProgress
                    && error.message.contains("COORDINATOR_LOAD_IN_PROGRESS") && error.message.contains("attempts")
                    && error.broker?.contains(kafka.bootstrapServers[0]) == true
            }
        }
    }

    /// The connection can be made, and each request on it ends it.
    @Test func aListenerThatWantsToKnowWhoCallsIsToldInTheTimeOut() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.users = ["alice": "secret"]
        configuration.listeners = [EmbeddedKafka.Listener("SASL", mechanisms: [.plain])]
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            let configuration = kafka.producing {
                $0.cluster.bootstrapServers = kafka.bootstrapServers(of: "SASL")
                $0.maxBlock = .seconds(2)
            }
            await #expect {
                try await KafkaProducer.withProducer(configuration) { try await $0.partitions(of: "t") }
            } throws: {
                guard let error = $0 as? KafkaError else { return false }
                return error.code == .timedOut && error.message.contains("SASL")
            }
        }
    }
}
