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

/// A broker that stores nothing, beside healthy brokers.
@Suite(.timeLimit(.minutes(2))) struct HangingBrokerTests {
    private let value = Bytes(repeatElement(UInt8(7), count: 1000))

    private func configuration(_ kafka: EmbeddedKafka) -> ProducerConfiguration {
        kafka.producing(buffer: 256 << 10, maxBlock: .seconds(20))
    }

    /// Fills the buffer with records for a partition.
    private func fill(_ partition: Int32, of producer: KafkaProducer) {
        while (try? producer.tryEnqueue(ProducerRecord(topic: "t", partition: partition, value: self.value))) != nil {}
    }

    @Test func recordsForHealthyBrokersFindRoom() async throws {
        try await EmbeddedKafka.withCluster(brokers: 3) { kafka in
            // Broker 1 leads partition 0, broker 2 partition 1, and broker 3 partition 2.
            try await kafka.createTopic("t", partitions: 3)
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .produce, broker: 1, times: nil)
            var stored = 0
            try await KafkaProducer.withProducer(self.configuration(kafka)) { producer in
                _ = try await producer.partitions(of: "t")
                self.fill(0, of: producer)
                // Tasks that wait for the hanging broker block no others.
                let waiting = (0..<3).map { _ in
                    Task { try await producer.enqueue(ProducerRecord(topic: "t", partition: 0, value: self.value)) }
                }
                for _ in 0..<200 {
                    for partition in [1, 2] as [Int32] {
                        try await producer.enqueue(ProducerRecord(topic: "t", partition: partition, value: self.value))
                    }
                }
                for _ in 0..<50 {
                    let place = try await producer.send(ProducerRecord(topic: "t", value: self.value)).topicPartition
                    #expect(place.partition != 0, "it may go to any partition")
                    stored += 1
                }
                hold.release()
                for task in waiting { _ = try await task.value }
            }
            let counts = [try await kafka.stored("t", 1).count, try await kafka.stored("t", 2).count]
            #expect(counts[0] + counts[1] == 450)
        }
    }

    /// As with a hanging broker, records without a leader don't use the whole buffer.
    @Test func recordsWithoutALeaderLeaveRoomForOthers() async throws {
        try await EmbeddedKafka.withCluster(brokers: 2) { kafka in
            try await kafka.createTopic("t", partitions: 2)
            try await KafkaProducer.withProducer(self.configuration(kafka)) { producer in
                _ = try await producer.partitions(of: "t")
                try await kafka.stopBroker(1)
                self.fill(0, of: producer)
                for _ in 0..<20 {
                    _ = try await producer.send(ProducerRecord(topic: "t", partition: 1, value: self.value))
                }
                try await kafka.startBroker(1)
            }
        }
    }

    @Test func theErrorOfAFullBufferNamesTheBrokersWhoseRecordsFillIt() async throws {
        try await EmbeddedKafka.withCluster(brokers: 2) { kafka in
            try await kafka.createTopic("t", partitions: 2)
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .produce, broker: 2, times: nil)
            let configuration = kafka.producing(buffer: 64 << 10, maxBlock: .milliseconds(100))
            try await KafkaProducer.withProducer(configuration) { producer in
                _ = try await producer.partitions(of: "t")
                self.fill(1, of: producer)
                let record = ProducerRecord(topic: "t", partition: 1, value: self.value)
                let waited = await #expect(throws: KafkaError.self) { try await producer.enqueue(record) }
                #expect(waited?.code == .timedOut)
                #expect(waited?.message.contains("broker 2") == true, "\(waited?.message ?? "")")
                let atOnce = #expect(throws: KafkaError.self) { try producer.tryEnqueue(record) }
                #expect(atOnce?.code == .bufferFull)
                #expect(atOnce?.message.contains("broker 2") == true, "\(atOnce?.message ?? "")")
                hold.release()
            }
        }
    }

    enum Obstacle: CaseIterable {
        case hangs
        case hangsInTurn
        case hasNoLeader
    }

    /// A task that waits for room.
    private struct WaitingTask {
        let task: Task<Delivery, any Error>
        let isOver = Lock(false)

        init(_ record: ProducerRecord, _ producer: KafkaProducer) {
            let isOver = self.isOver
            self.task = Task {
                defer { isOver.withLock { $0 = true } }
                return try await producer.enqueue(record)
            }
        }
    }

    /// Runs `body` while the only partition of one topic stores nothing and a task waits with a record for it, and
    /// while partition 1 of the topic "t" is healthy.
    private func whileTheOnlyPartitionIsFull(
        _ obstacle: Obstacle = .hangs, maxBlock: Duration = .seconds(20),
        _ body: (KafkaProducer, WaitingTask) async throws -> Void
    ) async throws {
        try await EmbeddedKafka.withCluster(brokers: 2) { kafka in
            try await kafka.createTopic("only")
            try await kafka.createTopic("t", partitions: 2)
            let hold = EmbeddedKafka.Hold()
            var configuration = self.configuration(kafka)
            configuration.maxBlock = maxBlock
            if obstacle == .hangsInTurn { configuration.partitioner = .roundRobin }
            try await KafkaProducer.withProducer(configuration) { producer in
                _ = try await producer.partitions(of: "only")
                _ = try await producer.partitions(of: "t")
                if obstacle == .hasNoLeader {
                    try await kafka.stopBroker(1)
                } else {
                    kafka.inject(.hold(hold), on: .produce, broker: 1, times: nil)
                }
                let record = ProducerRecord(topic: "only", value: self.value)
                while (try? producer.tryEnqueue(record)) != nil {}
                try await body(producer, WaitingTask(record, producer))
                hold.release()
                if obstacle == .hasNoLeader { try await kafka.startBroker(1) }
            }
        }
    }

    /// A record may go to any partition of a topic, but its only partition stores nothing. The task waits while other
    /// records are sent, and can be cancelled.
    @Test(arguments: Obstacle.allCases)
    func recordsWithoutAKeyWaitForTheOnlyPartitionOfTheirTopic(_ obstacle: Obstacle) async throws {
        try await self.whileTheOnlyPartitionIsFull(obstacle) { producer, waiting in
            for _ in 0..<100 {
                _ = try await producer.send(ProducerRecord(topic: "t", partition: 1, value: self.value))
            }
            #expect(!waiting.isOver.withLock { $0 }, "it waits")
            waiting.task.cancel()
            let error = await #expect(throws: KafkaError.self) { try await waiting.task.value }
            #expect(error?.code == .cancelled)
        }
    }

    /// Memory becomes free all the time, but never for this record.
    @Test func maxBlockAppliesWhileOtherRecordsFindRoom() async throws {
        try await self.whileTheOnlyPartitionIsFull(maxBlock: .seconds(2)) { producer, waiting in
            while !waiting.isOver.withLock({ $0 }) {
                _ = try await producer.send(ProducerRecord(topic: "t", partition: 1, value: self.value))
            }
            let error = await #expect(throws: KafkaError.self) { try await waiting.task.value }
            #expect(error?.code == .timedOut)
            #expect(error?.message.contains("broker 1") == true, "\(error?.message ?? "")")
        }
    }

    /// A task waits for a partition whose leader hangs. A new leader has room.
    @Test func aTaskThatWaitsForAPartitionFollowsItToItsNextLeader() async throws {
        try await EmbeddedKafka.withCluster(brokers: 3) { kafka in
            try await kafka.createTopic("t", partitions: 4, replicationFactor: 3)
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .produce, broker: 1, times: nil)
            var configuration = self.configuration(kafka)
            configuration.maxBlock = .seconds(60)
            try await KafkaProducer.withProducer(configuration) { producer in
                _ = try await producer.partitions(of: "t")
                // Broker 1 leads partitions 0 and 3, and there are no records for 3 yet.
                self.fill(0, of: producer)
                let record = ProducerRecord(topic: "t", partition: 3, value: self.value)
                let waiting = Task { try await producer.enqueue(record) }
                for _ in 0..<10 {
                    _ = try await producer.send(ProducerRecord(topic: "t", partition: 1, value: self.value))
                }
                try await kafka.moveLeader(of: "t", partition: 3, to: 2)
                // Broker 2 answers that it no longer leads partition 1, so the producer requests metadata.
                try await kafka.moveLeader(of: "t", partition: 1, to: 3)
                _ = try await producer.send(ProducerRecord(topic: "t", partition: 1, value: self.value))
                _ = try await waiting.value.metadata
                hold.release()
            }
        }
    }

    /// No other broker could use it.
    @Test func theOnlyBrokerMayUseTheWholeBuffer() async throws {
        try await EmbeddedKafka.withCluster(brokers: 2) { kafka in
            try await kafka.createTopic("t")
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .produce, times: nil)
            try await KafkaProducer.withProducer(self.configuration(kafka)) { producer in
                _ = try await producer.partitions(of: "t")
                var count = 0
                while (try? producer.tryEnqueue(ProducerRecord(topic: "t", value: self.value))) != nil { count += 1 }
                #expect(count > 230, "\(count) KB of 256")
                hold.release()
            }
        }
    }
}
