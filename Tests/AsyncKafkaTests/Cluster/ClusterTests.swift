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

/// How a client finds its cluster, and the errors if it doesn't.
@Suite(.timeLimit(.minutes(1))) struct ClusterTests {
    private let clock = TestClock()
    private let record = ProducerRecord(topic: "t", value: "value")

    @Test func oneBootstrapServerThatAnswersIsEnough() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let configuration = kafka.producing {
                $0.cluster.bootstrapServers.insert(contentsOf: ["127.0.0.1:1", "no-such-host.invalid:9092"], at: 0)
            }
            let stored = try await KafkaProducer.withProducer(configuration) { try await $0.send(self.record) }
            #expect(stored.offset == 0)
        }
    }

    /// The cluster has moved to other machines, which only the bootstrap servers know (KIP-899).
    @Test func whenAllKnownBrokersAreGoneTheBootstrapServersAreAskedAgain() async throws {
        try await EmbeddedKafka.withBroker { one in
            try await EmbeddedKafka.withBroker { other in
                let clusters = [one, other]
                for cluster in clusters { try await cluster.createTopic("t") }
                let configuration = one.producing {
                    $0.cluster.bootstrapServers += other.bootstrapServers
                    // The producer ids of the other cluster would be unknown.
                    $0.enableIdempotence = false
                }
                try await KafkaProducer.withProducer(configuration) { producer in
                    _ = try await producer.send(self.record)
                    let isFirst = try await one.values("t").count == 1
                    try await clusters[isFirst ? 0 : 1].stopBroker(1)
                    _ = try await producer.send(self.record)
                    let values = try await clusters[isFirst ? 1 : 0].values("t")
                    #expect(values == ["value"])
                }
            }
        }
    }

    /// The interval of refreshes equals the time after which the bootstrap servers are asked again.
    @Test func aSingleFailedRefreshLeavesTheConnectionsOpen() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            let configuration = kafka.producing {
                $0.cluster.metadataMaxAge = .seconds(1)
                $0.cluster.rebootstrapTrigger = .seconds(1)
            }
            let made = kafka.rewrite(ApiVersionsRequest.self, times: nil) { _, _, _ in }
            try await KafkaProducer.withProducer(configuration) { producer in
                _ = try await producer.send(self.record)
                let cluster = producer.sender.cluster
                let before = made.hits
                let failing = kafka.rewrite(MetadataRequest.self) { _, _, response in
                    response.errorCode = .unknownServerError
                }
                try await eventually("a refresh fails") { failing.hits == 1 }
                _ = try await cluster.refreshedMetadata(deadline: cluster.loop.now + .seconds(10))
                _ = try await producer.send(self.record)
                #expect(made.hits == before)
            }
        }
    }

    /// A response in flight may be older than the change that the caller wants to see.
    @Test func refreshedMetadataIsRequestedAfterTheCall() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                _ = try await producer.send(self.record)
                let cluster = producer.sender.cluster
                let hold = EmbeddedKafka.Hold()
                kafka.inject(.hold(hold), on: .metadata)
                cluster.requestMetadataUpdate("test")
                await hold.untilHeld()
                let before = cluster.metadataState.withLock { $0.begun }
                async let fresh = cluster.refreshedMetadata(deadline: cluster.loop.now + .seconds(10))
                // The call must be made before the answer arrives.
                while !cluster.metadataState.withLock({ $0.isRequested }) { await Task.yield() }
                hold.release()
                _ = try await fresh
                #expect(cluster.metadataState.withLock { $0.newestSuccess } > before)
            }
        }
    }

    @Test func theErrorForAnUnreachableClusterNamesItsAddress() async throws {
        var configuration = ProducerConfiguration(KafkaClientConfiguration(bootstrapServers: ["127.0.0.1:1"]))
        configuration.cluster.log = SilentLog()
        configuration.maxBlock = .seconds(2)
        configuration.cluster.clock = self.clock.loopClock
        let start = self.clock.now
        try await self.clock.passing { [configuration] in
            await #expect {
                try await KafkaProducer.withProducer(configuration) { try await $0.partitions(of: "t") }
            } throws: {
                guard let error = $0 as? KafkaError else { return false }
                return error.code == .timedOut && error.message.contains("127.0.0.1:1") && error.topic == "t"
            }
        }
        #expect(self.clock.now - start == .seconds(2))
    }

    /// Each request notices that no broker can be reached, but the log contains it once.
    @Test func unreachableBrokersAreLoggedOnceAndSoIsTheirReturn() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            let log = KeptLog()
            var configuration = kafka.consuming("g")
            configuration.cluster.log = log
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                _ = try await consumer.poll(timeout: .seconds(20))
                try await kafka.stopBroker(1)
                await log.until(.warning, containing: "No broker can be reached")
                await #expect(throws: KafkaError.self) {
                    try await consumer.core.cluster.refreshedMetadata(deadline: consumer.core.loop.now + .seconds(1))
                }
                try await kafka.startBroker(1)
                await log.until(.info, containing: "can be reached again")
            }
            #expect(log.count(.warning, containing: "No broker can be reached") == 1, "\(log.lines)")
        }
    }

    @Test func theErrorForAnOutdatedBrokerNamesWhatItLacks() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            kafka.rewrite(ApiVersionsRequest.self, times: nil) { _, _, response in
                for index in response.apiKeys.indices where response.apiKeys[index].apiKey == APIKey.produce.rawValue {
                    response.apiKeys[index].minVersion = 0
                    response.apiKeys[index].maxVersion = 2
                }
            }
            await #expect {
                try await KafkaProducer.withProducer(kafka.producing()) { try await $0.send(self.record) }
            } throws: {
                guard let error = $0 as? KafkaError else { return false }
                return error.code == .unsupportedVersion && error.message.contains("Produce versions 0 to 2")
                    && error.message.contains("older than Kafka 2.1")
            }
        }
    }

    @Test func idleConnectionsAreClosedAndOpenedAgain() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            let configuration = kafka.producing { $0.cluster.connectionMaxIdle = .milliseconds(100) }
            try await KafkaProducer.withProducer(configuration) { producer in
                _ = try await producer.send(self.record)
                try await self.clock.until { try await kafka.connectionCount(of: 1) == 0 }
                let stored = try await producer.send(self.record)
                #expect(stored.offset == 1)
            }
        }
    }
}
