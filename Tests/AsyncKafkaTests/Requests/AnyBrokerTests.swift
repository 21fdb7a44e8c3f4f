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

/// Where any broker can answer, one that refuses or hangs isn't the only one that is used.
@Suite(.timeLimit(.minutes(1))) struct AnyBrokerTests {
    private let clock = TestClock()
    private let record = ProducerRecord(topic: "t", value: "value")

    /// The only connected broker always refuses; the others are healthy.
    @Test func aProducerIDIsRequestedFromAnotherBrokerAfterARefusal() async throws {
        try await self.clock.withCluster(brokers: 3) { kafka in
            try await kafka.createTopic("t", replicationFactor: 3)
            let refusal = kafka.inject(.fail(.coordinatorLoadInProgress), on: .initProducerId, broker: 1, times: nil)
            let configuration = kafka.producing { $0.cluster.bootstrapServers = [kafka.bootstrapServers[0]] }
            try await KafkaProducer.withProducer(configuration) { producer in
                let stored = try await producer.send(self.record)
                #expect(stored.offset == 0)
            }
            #expect((1...3).contains(refusal.hits), "it is asked while no other is known")
        }
    }

    @Test func aCoordinatorIsLookedUpAtAnotherBrokerAfterARefusal() async throws {
        try await self.clock.withCluster(brokers: 3) { kafka in
            try await kafka.createTopic("t", replicationFactor: 3)
            let refusal = kafka.inject(.fail(.coordinatorNotAvailable), on: .findCoordinator, broker: 1, times: nil)
            var configuration = kafka.consuming("g")
            configuration.cluster.bootstrapServers = [kafka.bootstrapServers[0]]
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                let committed = try await consumer.committedOffset(of: TopicPartition("t", 0))
                #expect(committed == nil)
            }
            #expect((1...3).contains(refusal.hits), "the reader's look-up and this one may each have met it")
        }
    }

    @Test(arguments: [true, false])
    func metadataIsRequestedFromAnotherBrokerAfterARefusal(knowsBrokers: Bool) async throws {
        try await self.clock.withCluster(brokers: 3) { kafka in
            try await kafka.createTopic("t", replicationFactor: 3)
            let configuration = kafka.producing { $0.cluster.bootstrapServers = [kafka.bootstrapServers[0]] }
            try await KafkaProducer.withProducer(configuration) { producer in
                _ = try await producer.send(self.record)
                let cluster = producer.sender.cluster
                let refusals = kafka.brokerIDs.dropLast().map { broker in
                    kafka.rewrite(MetadataRequest.self, broker: broker, times: nil) { _, _, response in
                        if knowsBrokers {
                            response.errorCode = .coordinatorLoadInProgress
                        } else {
                            response.brokers = []
                        }
                    }
                }
                let fresh = try await cluster.refreshedMetadata(deadline: cluster.loop.now + .seconds(30))
                #expect(fresh.brokers.count == 3)
                #expect((1...2).contains(refusals[0].hits))
            }
        }
    }

    /// One of two bootstrap servers answers ApiVersions and then nothing more.
    @Test func aServerThatHangsAtTheFirstRequestDelaysNothing() async throws {
        try await self.clock.withCluster(brokers: 2) { kafka in
            try await kafka.createTopic("t", replicationFactor: 2)
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .metadata, broker: 1, times: nil)
            defer { hold.release() }
            // Some attempts begin with the healthy server.
            for _ in 0..<2 {
                let configuration = kafka.producing {
                    $0.cluster.requestTimeout = .seconds(100)
                    $0.maxBlock = .seconds(600)
                }
                let partitions = try await KafkaProducer.withProducer(configuration) {
                    try await $0.partitions(of: "t")
                }
                #expect(partitions == [0])
            }
        }
    }

    /// One of two servers reads requests without answering; the other refuses connections, since it is starting.
    @Test(arguments: 0..<4)
    func aServerThatComesBackIsUsedWhileAnotherHangs(attempt: Int) async throws {
        let silent = try SilentPort()
        let silentServer = "127.0.0.1:\(silent.port)"
        defer { withExtendedLifetime(silent) {} }
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.stopBroker(1)
            let log = KeptLog(minimum: .debug)
            let configuration = kafka.producing {
                $0.cluster.bootstrapServers += [silentServer]
                $0.cluster.connectionSetupTimeout = .seconds(600)
                $0.cluster.requestTimeout = .seconds(100)
                $0.maxBlock = .seconds(600)
                $0.cluster.log = log
            }
            try await KafkaProducer.withProducer(configuration) { producer in
                async let stored = producer.send(self.record)
                await log.until(.debug, containing: "A connection could not be made")
                try await kafka.startBroker(1)
                let offset = try await stored.offset
                #expect(offset == 0)
            }
        }
    }

    /// The client restarts from its bootstrap servers. The reader couldn't do anything about the error.
    @Test func aBrokersRequestToRebootstrapIsNoErrorForTheReader() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 2)
            try await KafkaConsumer.withConsumer(kafka.consuming(), subscribedTo: ["t"]) { consumer in
                var records = consumer.records.makeAsyncIterator()
                _ = try await records.next()
                let begin = kafka.rewrite(MetadataRequest.self) { _, _, response in
                    response.errorCode = .rebootstrapRequired
                }
                _ = try await consumer.core.cluster.refreshedMetadata(deadline: consumer.core.loop.now + .seconds(30))
                #expect(begin.hits == 1)
                let second = try await records.next()
                #expect(second?.text == "v1")
            }
        }
    }

    /// Its connections stay open, including the idle one that would be the least loaded.
    @Test func theCoordinatorIsNotLookedUpAtABrokerThatHangs() async throws {
        var brokers = EmbeddedKafka.Configuration(brokers: 3)
        brokers.sessionTimeouts = .seconds(1) ... .seconds(600)
        try await self.clock.withCluster(brokers) { kafka in
            try await kafka.createTopic("t", replicationFactor: 3)
            try await kafka.fill("t", 1)
            let coordinator = try #require(try await kafka.coordinator(ofGroup: "g"))
            let next = try #require(kafka.brokerIDs.first { $0 != coordinator })
            var configuration = kafka.consuming("g")
            // Only the coordinator has a connection for requests other than Fetch.
            configuration.cluster.bootstrapServers = [kafka.bootstrapServers[coordinator - 1]]
            configuration.cluster.requestTimeout = .seconds(600)
            configuration.cluster.apiTimeout = .seconds(600)
            configuration.classic.sessionTimeout = .seconds(1)
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

    /// One of two bootstrap servers doesn't even respond to a SYN.
    @Test(arguments: 0..<8)
    func aServerThatHangsDelaysNothing(attempt: Int) async throws {
        let silent = try SilentPort()
        let silentServer = "127.0.0.1:\(silent.port)"
        defer { withExtendedLifetime(silent) {} }
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            let configuration = kafka.producing {
                $0.cluster.bootstrapServers += [silentServer]
                // Waiting for the silent server would take longer than the test's time limit.
                $0.cluster.connectionSetupTimeout = .seconds(120)
                $0.maxBlock = .seconds(120)
            }
            let stored = try await KafkaProducer.withProducer(configuration) { try await $0.send(self.record) }
            #expect(stored.offset == 0)
        }
    }

    @Test func aTimeoutNamesTheReason() async throws {
        try await self.clock.withBroker { kafka in
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

    /// The connection succeeds, and each request closes it.
    @Test func aTimeoutSaysThatTheListenerRequiresAuthentication() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.users = ["alice": "secret"]
        configuration.listeners = [EmbeddedKafka.Listener("SASL", mechanisms: [.plain])]
        try await self.clock.withCluster(configuration) { kafka in
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
