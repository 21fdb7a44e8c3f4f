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

/// Records are enqueued faster than they are sent.
@Suite(.timeLimit(.minutes(2))) struct ProducerBufferTests {
    private let clock = TestClock()
    @Test func tryEnqueueNeverWaits() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                #expect {
                    try producer.tryEnqueue(ProducerRecord(topic: "t", value: "early"))
                } throws: {
                    guard let error = $0 as? KafkaError else { return false }
                    return error.code == .unknownTopicOrPartition && error.isRetriable
                }
                _ = try await producer.partitions(of: "t")
                let delivery = try producer.tryEnqueue(ProducerRecord(topic: "t", value: "later"))
                let offset4 = try await delivery.metadata.offset
                #expect(offset4 == 0)
            }
        }
    }

    @Test func tryEnqueueThrowsForAFullBufferAndEnqueueWaits() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .produce, times: nil)
            let configuration = kafka.producing(buffer: 64 << 10, maxBlock: .seconds(60))
            let value = Bytes(repeatElement(UInt8(7), count: 1000))
            let accepted = try await KafkaProducer.withProducer(configuration) { producer in
                _ = try await producer.partitions(of: "t")
                var count = 0
                do throws(KafkaError) {
                    while true {
                        try producer.tryEnqueue(ProducerRecord(topic: "t", value: value))
                        count += 1
                    }
                } catch {
                    #expect(error.code == .bufferFull)
                    #expect(error.isRetriable)
                }
                #expect(count < 66)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        for _ in 0..<100 { try await producer.enqueue(ProducerRecord(topic: "t", value: value)) }
                    }
                    await hold.untilHeld()
                    hold.release()
                    try await group.waitForAll()
                }
                return count
            }
            let count5 = try await kafka.stored("t").count
            #expect(count5 == accepted + 100)
        }
    }

    /// The first of two tasks that wait for room is woken, but its partitioner now rejects the record.
    @Test func aFailingPartitionerLeavesTheRoomToTheNextTask() async throws {
        final class Moody: Partitioner {
            let timesAsked = Lock(0)
            func partition(for record: ProducerRecord, partitionCount: Int) -> Int32 {
                guard record.key == "moody" else { return 0 }
                let times = self.timesAsked.withLock { times in
                    times += 1
                    return times
                }
                // The calls on the fast path and before waiting.
                return times <= 2 ? 0 : 99
            }
        }
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .produce)
            let partitioner = Moody()
            var configuration = kafka.producing(buffer: 64 << 10, maxBlock: .seconds(10))
            configuration.partitioner = .custom(partitioner)
            let value = Bytes(repeatElement(UInt8(7), count: 1000))
            try await KafkaProducer.withProducer(configuration) { producer in
                _ = try await producer.partitions(of: "t")
                #expect(throws: KafkaError.self) {
                    while true { try producer.tryEnqueue(ProducerRecord(topic: "t", value: value)) }
                }
                let moody = Task { try await producer.enqueue(ProducerRecord(topic: "t", key: "moody", value: value)) }
                while partitioner.timesAsked.withLock({ $0 }) < 2 { await Task.yield() }
                let patient = Task { try await producer.send(ProducerRecord(topic: "t", value: value)) }
                await hold.untilHeld()
                hold.release()
                let refusal = await #expect(throws: KafkaError.self) { try await moody.value }
                #expect(refusal?.code == .invalidArgument)
                _ = try await patient.value
                // Later tasks find room, too.
                _ = try await producer.send(ProducerRecord(topic: "t", value: value))
            }
        }
    }

    @Test func waitingForRoomEndsAfterMaxBlock() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .produce, times: nil)
            let configuration = kafka.producing(buffer: 16 << 10, maxBlock: .seconds(3))
            try await KafkaProducer.withProducer(configuration) { producer in
                _ = try await producer.partitions(of: "t")
                var failure: KafkaError?
                let start = self.clock.now
                while failure == nil {
                    do throws(KafkaError) {
                        try await producer.enqueue(
                            ProducerRecord(topic: "t", value: Bytes(repeatElement(UInt8(7), count: 1000))))
                    } catch {
                        failure = error
                    }
                }
                #expect(self.clock.now - start == .seconds(3))
                #expect(failure?.code == .timedOut)
                #expect(failure?.message.contains("No room") == true)
                hold.release()
            }
        }
    }

    @Test func aTaskThatStopsWaitingForRoomBlocksNoOther() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .produce)
            let configuration = kafka.producing {
                $0.bufferMemory = 190 << 10
                $0.maxRequestSize = 128 << 10
                $0.batchSize = 8 << 10
                $0.maxBlock = .milliseconds(100)
            }
            let large = ProducerRecord(topic: "t", value: Bytes(repeatElement(UInt8(7), count: 100_000)))
            try await KafkaProducer.withProducer(configuration) { producer in
                _ = try await producer.partitions(of: "t")
                try await producer.enqueue(large)
                await hold.untilHeld()
                let error = await #expect(throws: KafkaError.self) { try await producer.enqueue(large) }
                #expect(error?.code == .timedOut)
                // This record fits.
                try producer.tryEnqueue(ProducerRecord(topic: "t", value: "small"))
                hold.release()
            }
        }
    }
}
