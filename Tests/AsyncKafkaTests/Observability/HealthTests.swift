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
            // A bootstrap server may answer before the metadata is known.
            try await self.clock.until { admin.health == .ready }
            try await kafka.stopBroker(1)
            await #expect(throws: KafkaError.self) { try await admin.describeCluster(timeout: .seconds(2)) }
            #expect(admin.health == .ready, "the broker may be back at once")
            try await self.clock.sleep(for: .seconds(5))
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
            let consumer = try KafkaConsumer(configuration)
            try consumer.subscribe(to: ["t"])
            #expect(self.codes(consumer.health) == [.notRunning, .notInGroup])
            async let run: Void = consumer.run()
            _ = try await consumer.nextRecord()
            #expect(consumer.health == .ready)
            // The reader isn't at work for too long.
            try await self.clock.sleep(for: .seconds(15))
            #expect(self.codes(consumer.health) == [.notInGroup])
            _ = try await consumer.nextRecord()
            #expect(consumer.health == .ready)
            consumer.triggerGracefulShutdown()
            #expect(consumer.health == .stopped)
            try await run
        }
    }

    @Test func aBrokerThatCannotBeReachedForAWhileMakesItsReadersAndWritersDegraded() async throws {
        try await self.clock.withCluster(brokers: 2) { kafka in
            // Broker 1 leads partition 0, and broker 2 partition 1.
            try await kafka.createTopic("t", partitions: 2)
            let partitions = [TopicPartition("t", 0), TopicPartition("t", 1)]
            try await KafkaProducer.withProducer(self.configuration(kafka)) { producer in
                _ = await producer.send(
                    partitions.map { ProducerRecord(topic: "t", partition: $0.partition, value: "x") })
                try await KafkaConsumer.withConsumer(kafka.consuming(), assigned: partitions) { consumer in
                    _ = try await consumer.poll(timeout: .seconds(20))
                    #expect(producer.health == .ready && consumer.health == .ready)
                    let second = try #require(try await kafka.leader(of: "t", partition: 1))
                    try await kafka.stopBroker(second)
                    // The client has noticed it, so that the record stays in the open batch.
                    try await self.clock.sleep(for: .seconds(2))
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

    @Test func aProducerIsDegradedByHowLongWritesFailAndNotByTheAgeOfItsRecords() async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            var configuration = self.configuration(kafka)
            configuration.linger = .seconds(5)
            try await KafkaProducer.withProducer(configuration) { producer in
                _ = try await producer.partitions(of: "t")
                let fault = kafka.inject(.fail(.notEnoughReplicas), on: .produce, times: nil)
                let delivery = try await producer.enqueue(ProducerRecord(topic: "t", partition: 0, value: "x"))
                try await self.clock.sleep(for: .seconds(6))
                #expect(kafka.requests.contains { $0.api == .produce })
                #expect(producer.health == .ready, "the first write was refused a second ago")
                try await self.clock.sleep(for: .seconds(4))
                #expect(self.codes(producer.health) == [.partitionsNotWritten])
                fault.remove()
                kafka.inject(.fail(.topicAuthorizationFailed), on: .produce)
                await #expect(throws: KafkaError.self) { try await delivery.metadata }
                // The failures were those of other records.
                let next = try await producer.enqueue(ProducerRecord(topic: "t", partition: 0, value: "y"))
                try await self.clock.sleep(for: .seconds(4))
                #expect(producer.health == .ready)
                _ = try await next.metadata
            }
        }
    }

    @Test func aFailureThatIsNotRepeatedDoesNotMakeAConsumerDegraded() async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            try await kafka.createTopic("t")
            var configuration = kafka.consuming()
            configuration.fetchMaxWait = .seconds(20)
            try await KafkaConsumer.withConsumer(configuration, assigned: [TopicPartition("t", 0)]) { consumer in
                kafka.inject(.fail(.kafkaStorageError), on: .fetch)
                _ = try await consumer.position(of: TopicPartition("t", 0))
                // The next fetch waits at the broker for records.
                try await self.clock.sleep(for: .seconds(10))
                #expect(consumer.statistics().partitions.first?.error != nil)
                #expect(consumer.health == .ready)
            }
        }
    }

    @Test func aPartitionThatIsPausedIsNotMissed() async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            try await kafka.createTopic("t")
            let partition = TopicPartition("t", 0)
            try await KafkaConsumer.withConsumer(kafka.consuming(), assigned: [partition]) { consumer in
                kafka.inject(.fail(.kafkaStorageError), on: .fetch, times: nil)
                try await self.clock.sleep(for: .seconds(10))
                #expect(self.codes(consumer.health) == [.partitionsNotRead])
                try consumer.pause([partition])
                #expect(consumer.health == .ready)
                try consumer.resume([partition])
                #expect(self.codes(consumer.health) == [.partitionsNotRead])
            }
        }
    }

    @Test func aPartitionWithoutALeaderMakesItsReadersAndWritersDegraded() async throws {
        try await self.clock.withCluster(brokers: 2) { kafka in
            try await kafka.createTopic("t", partitions: 2)
            let second = try #require(try await kafka.leader(of: "t", partition: 1))
            try await kafka.stopBroker(second)
            try await KafkaProducer.withProducer(self.configuration(kafka)) { producer in
                try await KafkaConsumer.withConsumer(kafka.consuming(), assigned: [TopicPartition("t", 1)]) {
                    consumer in
                    _ = try await producer.partitions(of: "t")
                    let delivery = try await producer.enqueue(ProducerRecord(topic: "t", partition: 1, value: "late"))
                    try await self.clock.sleep(for: .seconds(10))
                    let missing = "degraded: t-1: The partition has no leader."
                    #expect("\(producer.health)" == missing)
                    #expect("\(consumer.health)" == missing)
                    try await kafka.startBroker(second)
                    _ = try await delivery.metadata
                    #expect(producer.health == .ready)
                    _ = try await consumer.nextRecord()
                    #expect(consumer.health == .ready)
                }
            }
        }
    }

    @Test func aPartitionThatMayNotBeReadMakesAConsumerDegradedAtOnce() async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            try await kafka.createTopic("t")
            let partition = TopicPartition("t", 0)
            try await KafkaConsumer.withConsumer(kafka.consuming(), assigned: [partition]) { consumer in
                let fault = kafka.inject(.fail(.topicAuthorizationFailed), on: .fetch, times: nil)
                try await self.clock.until { consumer.health != .ready && consumer.health != .stopped }
                try await self.clock.until { self.codes(consumer.health) == [.partitionsNotRead] }
                fault.remove()
                await #expect(throws: KafkaError.self) { try await consumer.nextRecord() }
                #expect(consumer.health == .ready)
            }
        }
    }

    @Test func theTextOfAnAnswerIsOneLine() {
        let health = KafkaHealth.degraded([.init(.notInGroup, "Refused: \u{1b}[2Jno\nentry.")])
        #expect("\(health)" == "degraded: Refused: \\u{1B}[2Jno\\nentry.")
    }
}
