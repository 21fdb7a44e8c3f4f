// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTransport
import Testing

@testable import AsyncKafka

/// How records are delivered to the reader.
@Suite(.timeLimit(.minutes(1))) struct ReadingTests {
    private let partition = TopicPartition("t", 0)

    private func next(_ count: Int, from consumer: KafkaConsumer) async throws -> [ConsumerRecord] {
        var read: [ConsumerRecord] = []
        for try await record in consumer.records {
            read.append(record)
            if read.count == count { break }
        }
        return read
    }

    @Test func anAnswerFromBeforeASeekIsNotDelivered() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 20)
            try await KafkaConsumer.withConsumer(kafka.consuming(), assigned: [self.partition]) { consumer in
                let hold = EmbeddedKafka.Hold()
                kafka.inject(.holdAnswer(hold), on: .fetch)
                async let record = self.next(1, from: consumer)
                // The broker has answered for offset 0, and the answer is in flight.
                await hold.untilHeld()
                try await consumer.seek(self.partition, to: .offset(12))
                hold.release()
                let offset = try await record.first?.offset
                #expect(offset == 12)
                let position = try await consumer.position(of: self.partition)
                #expect(position == 13)
            }
        }
    }

    @Test func anAnswerFromBeforeAPauseIsDeliveredAfterResume() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t", partitions: 2)
            try await kafka.fill("t", 5)
            let other = TopicPartition("t", 1)
            try await KafkaConsumer.withConsumer(kafka.consuming(), assigned: [self.partition, other]) { consumer in
                let hold = EmbeddedKafka.Hold()
                kafka.inject(.holdAnswer(hold), on: .fetch)
                async let first = self.next(1, from: consumer)
                await hold.untilHeld()
                try consumer.pause([self.partition])
                hold.release()
                try await kafka.fill("t", partition: 1, 1, prefix: "other")
                let text = try await first.first?.text
                #expect(text == "other0")
                let nothing = try await consumer.poll(timeout: .milliseconds(100))
                #expect(nothing.isEmpty)

                try consumer.resume([self.partition])
                let rest = try await self.next(5, from: consumer)
                #expect(rest.map(\.offset) == [0, 1, 2, 3, 4])
            }
        }
    }

    @Test func theRestOfABatchThatIsPausedIsDeliveredAfterResume() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.store([try LogBatch.records((0..<10).map { "v\($0)" }, at: 0)], in: "t")
            try await KafkaConsumer.withConsumer(kafka.consuming(), assigned: [self.partition]) { consumer in
                let begin = try await self.next(4, from: consumer)
                #expect(begin.map(\.offset) == [0, 1, 2, 3])
                try consumer.pause([self.partition])
                let nothing = try await consumer.poll(timeout: .milliseconds(100))
                #expect(nothing.isEmpty)
                try consumer.resume([self.partition])
                let rest = try await self.next(6, from: consumer)
                #expect(rest.map(\.offset) == [4, 5, 6, 7, 8, 9])
            }
        }
    }

    @Test func pausedPartitionsDoNotKeepOthersFromBeingFetched() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t", partitions: 2)
            let big = try (0..<8).map { _ in try LogBatch.records([String(repeating: "x", count: 20_000)], at: 0) }
            try await kafka.store(big, in: "t", partition: 0)
            var configuration = kafka.consuming()
            configuration.maxPrefetchBytes = 50_000
            configuration.maxPartitionFetchBytes = 50_000
            let other = TopicPartition("t", 1)
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition, other]) { consumer in
                _ = try await self.next(1, from: consumer)
                // The records prefetched for it fill the buffer.
                try consumer.pause([self.partition])
                try await kafka.fill("t", partition: 1, 3)
                let others = try await self.next(3, from: consumer)
                #expect(others.map(\.partition) == [1, 1, 1])
                try consumer.resume([self.partition])
                let rest = try await self.next(7, from: consumer)
                #expect(rest.map(\.offset) == [1, 2, 3, 4, 5, 6, 7])
            }
        }
    }

    @Test func aLongQueueInOnePartitionDoesNotKeepTheOthersWaiting() async throws {
        try await EmbeddedKafka.withCluster(brokers: 2) { kafka in
            try await kafka.createTopic("t", partitions: 4)
            let batch = try LogBatch.records((0..<100).map { _ in String(repeating: "x", count: 500) }, at: 0)
            try await kafka.store(Array(repeating: batch, count: 100), in: "t", partition: 0)
            for partition in 1..<4 {
                try await kafka.store(Array(repeating: batch, count: 5), in: "t", partition: partition)
            }
            let all = (0..<4).map { TopicPartition("t", Int32($0)) }
            try await KafkaConsumer.withConsumer(kafka.consuming(), assigned: all) { consumer in
                // Read until all partitions had a turn; the long queue has 10,000 records.
                var counts: [Int32: Int] = [:]
                for try await record in consumer.records {
                    counts[record.partition, default: 0] += 1
                    if (1..<4).allSatisfy({ counts[$0] == 500 }) { break }
                }
                #expect(counts[0, default: 0] < 5000)
            }
        }
    }

    @Test func readingStartsAtTheAgeOfTheResetPolicy() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            let now = LoopClock.system.wallMilliseconds
            try await KafkaProducer.withProducer(ProducerConfiguration(kafka.clientConfiguration)) { producer in
                for hours in [72, 48, 25, 23, 1] as [Int64] {
                    _ = try await producer.send(
                        ProducerRecord(
                            topic: "t", value: Bytes("\(hours)"),
                            timestamp: Timestamp(millisecondsSince1970: now - hours * 3_600_000)))
                }
            }
            var configuration = kafka.consuming()
            configuration.autoOffsetReset = .byDuration(.seconds(24 * 3600))
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                let read = try await self.next(2, from: consumer)
                #expect(read.map(\.text) == ["23", "1"])
            }
            // No record is as new, so reading starts at the end.
            configuration.autoOffsetReset = .byDuration(.seconds(60))
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                let position = try await consumer.position(of: self.partition)
                #expect(position == 5)
            }
        }
    }

    @Test func recreatingATopicRestartsReadingAtItsBeginning() async throws {
        // Otherwise the reader's metadata request could create the topic before the test does.
        var broker = EmbeddedKafka.Configuration()
        broker.createTopicsAutomatically = false
        try await EmbeddedKafka.withCluster(broker) { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 20, prefix: "old")
            try await KafkaConsumer.withConsumer(kafka.consuming(), assigned: [self.partition]) { consumer in
                let old = try await self.next(20, from: consumer)
                #expect(old.last?.text == "old19")
                try await kafka.deleteTopic("t")
                try await kafka.createTopic("t")
                try await kafka.fill("t", 3, prefix: "new")
                let new = try await self.next(3, from: consumer)
                #expect(new.map(\.text) == ["new0", "new1", "new2"])
            }
        }
    }

    @Test func aPositionOutsideTheLogIsResetByThePolicyAndNotByAnOldLeader() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 10)
            try await KafkaConsumer.withConsumer(kafka.consuming(), assigned: [self.partition]) { consumer in
                try await consumer.seek(self.partition, to: .offset(1000))
                let read = try await self.next(1, from: consumer)
                #expect(read.first?.offset == 0)
                // Retention deletes records that were not read.
                try await kafka.deleteRecords("t", partition: 0, before: 8)
                try await consumer.seek(self.partition, to: .offset(3))
                let next = try await self.next(2, from: consumer)
                #expect(next.map(\.offset) == [8, 9])
            }
        }
    }

    @Test func readingFromTwoTasksIsAnError() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await KafkaConsumer.withConsumer(kafka.consuming(), assigned: [self.partition]) { consumer in
                let hold = EmbeddedKafka.Hold()
                kafka.inject(.hold(hold), on: .fetch)
                async let first = self.next(1, from: consumer)
                await hold.untilHeld()
                let failure = await #expect(throws: KafkaError.self) {
                    try await consumer.poll(timeout: .seconds(1))
                }
                #expect(failure?.code == .illegalState)
                try await kafka.fill("t", 1)
                hold.release()
                let read = try await first
                #expect(read.count == 1)
            }
        }
    }
}
