// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaTestSupport
import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(1))) struct HealthTests {
    private let clock = TestClock()

    /// The codes of the reasons why a client is degraded; nil if it is stopped.
    private func codes(_ health: KafkaHealth) -> [KafkaHealth.Code]? {
        switch health {
        case .ready: []
        case .degraded(let reasons): reasons.map(\.code)
        default: nil
        }
    }

    private func configuration(_ kafka: EmbeddedKafka) -> ProducerConfiguration {
        kafka.producing {
            $0.cluster.clock = self.clock.loopClock
            $0.cluster.log = SilentLog()
        }
    }

    @Test func aClientIsReadyFromTheFirstAnswerUntilItIsClosed() async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            let producer = try KafkaProducer(self.configuration(kafka))
            #expect(self.codes(producer.health) == [.notRunning])
            async let run: Void = producer.run()
            _ = try await producer.partitions(of: "t")
            #expect(producer.health == .ready)
            producer.triggerGracefulShutdown()
            try await run
            #expect(producer.health == .stopped)
        }
    }

    @Test func aClientWithoutABrokerSaysWhyAndRecoversByItself() async throws {
        try await self.clock.withAdminClient(EmbeddedKafka.Configuration(brokers: 1)) { kafka, admin in
            _ = try await admin.describeCluster()
            #expect(admin.health == .ready)
            try await kafka.stopBroker(1)
            await #expect(throws: KafkaError.self) { try await admin.describeCluster(timeout: .seconds(2)) }
            #expect(self.codes(admin.health) == [.clusterUnreachable])
            guard case .degraded(let reasons) = admin.health else { return }
            #expect(reasons.first?.message.hasPrefix("No broker is connected. ") == true)
            try await kafka.startBroker(1)
            _ = try await admin.describeCluster()
            #expect(admin.health == .ready)
        }
    }

    @Test func recordsThatCannotBeWrittenForAWhileMakeAProducerDegraded() async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            try await KafkaProducer.withProducer(self.configuration(kafka)) { producer in
                _ = try await producer.send(ProducerRecord(topic: "t", value: "first"))
                let fault = kafka.inject(.fail(.notEnoughReplicas), on: .produce, times: nil)
                let delivery = try await producer.enqueue(ProducerRecord(topic: "t", partition: 0, value: "second"))
                try await self.clock.sleep(for: .seconds(2))
                #expect(producer.health == .ready, "a leader may be elected")
                try await self.clock.sleep(for: .seconds(3))
                #expect(self.codes(producer.health) == [.partitionsNotWritten])
                #expect("\(producer.health)".hasPrefix("degraded: t-0: "))
                fault.remove()
                _ = try await delivery.metadata
                #expect(producer.health == .ready)
            }
        }
    }

    @Test(arguments: HandoverProtocol.allCases)
    func aConsumerIsReadyAsAMemberOfItsGroup(handover: HandoverProtocol) async throws {
        try await self.clock.withCluster(HandoverProtocol.broker) { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 2)
            var configuration = kafka.consuming("g", handover)
            configuration.maxPollInterval = .seconds(10)
            configuration.cluster.log = SilentLog()
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                let codes = self.codes(consumer.health)
                #expect(codes?.contains(.notInGroup) == true)
                _ = try await consumer.nextRecord()
                #expect(consumer.health == .ready)
                // The reader isn't at work for too long.
                try await self.clock.sleep(for: .seconds(15))
                #expect(self.codes(consumer.health) == [.notInGroup])
                _ = try await consumer.nextRecord()
                #expect(consumer.health == .ready)
                consumer.triggerGracefulShutdown()
                #expect(consumer.health == .stopped)
            }
        }
    }

    @Test func aBrokerThatCannotBeReachedForAWhileMakesItsReadersAndWritersDegraded() async throws {
        try await self.clock.withCluster(brokers: 2) { kafka in
            // Broker 1 leads partition 0, and broker 2 partition 1.
            try await kafka.createTopic("t", partitions: 2)
            let partitions = [TopicPartition("t", 0), TopicPartition("t", 1)]
            try await KafkaProducer.withProducer(self.configuration(kafka)) { producer in
                _ = try await producer.send(
                    partitions.map { ProducerRecord(topic: "t", partition: $0.partition, value: "x") })
                try await KafkaConsumer.withConsumer(kafka.consuming(), assigned: partitions) { consumer in
                    _ = try await consumer.poll(timeout: .seconds(20))
                    #expect(producer.health == .ready && consumer.health == .ready)
                    let second = try #require(try await kafka.leader(of: "t", partition: 1))
                    try await kafka.stopBroker(second)
                    let delivery = try await producer.enqueue(ProducerRecord(topic: "t", partition: 1, value: "late"))
                    try await self.clock.sleep(for: .seconds(10))
                    #expect(self.codes(producer.health) == [.partitionsNotWritten])
                    #expect(self.codes(consumer.health) == [.partitionsNotRead])
                    #expect("\(consumer.health)".contains("t-1: "))
                    try await kafka.startBroker(second)
                    _ = try await delivery.metadata
                    try await self.clock.sleep(for: .seconds(10))
                    #expect(producer.health == .ready && consumer.health == .ready)
                }
            }
        }
    }

    @Test func aPartitionThatCannotBeReadForAWhileMakesAConsumerDegraded() async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            try await kafka.createTopic("t")
            try await KafkaConsumer.withConsumer(kafka.consuming(), assigned: [TopicPartition("t", 0)]) { consumer in
                _ = try await consumer.position(of: TopicPartition("t", 0))
                let fault = kafka.inject(.fail(.kafkaStorageError), on: .fetch, times: nil)
                try await self.clock.sleep(for: .seconds(10))
                #expect(self.codes(consumer.health) == [.partitionsNotRead])
                fault.remove()
                try await self.clock.sleep(for: .seconds(5))
                #expect(consumer.health == .ready)
            }
        }
    }
}
