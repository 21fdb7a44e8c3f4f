// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// Which offsets are committed, and when: never those of records that the reader may still be processing.
@Suite(.timeLimit(.minutes(1))) struct CommitTests {
    private struct Failure: Error {}

    private let clock = TestClock()

    /// Records whether it had the time to save its state.
    private struct SavingListener: ConsumerRebalanceListener {
        let isSaved = Lock(false)

        func partitionsRevoked(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
            // Saving takes some time.
            try await consumer.core.loop.sleep(for: .milliseconds(200))
            self.isSaved.withLock { $0 = true }
        }
    }

    @Test(arguments: [true, false])
    func whatPollReturnedIsNotCommittedBeforeTheNextCall(oneByOne: Bool) async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 10, oneByOne: oneByOne)
            var first: Int64 = 0
            for calls in [1, 2, 2] {
                var begins: [Int64] = []
                try? await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["t"]) { consumer in
                    for _ in 0..<calls {
                        begins += try await consumer.poll(max: 4, timeout: .seconds(20)).prefix(1).map(\.offset)
                    }
                    throw Failure()
                }
                #expect(begins.count == calls && begins.first == first, "\(begins)")
                // The records of the last call are read again.
                first = begins.last ?? -1
            }
            #expect(first > 0)
        }
    }

    @Test func anAutomaticCommitThatWaitedForTheReadersCommitDoesNotTakeItBack() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 10)
            let hold = EmbeddedKafka.Hold()
            let stored = Lock<[Int64]>([])
            var configuration = kafka.consuming("g")
            configuration.autoCommitInterval = .milliseconds(400)
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                for try await record in consumer.records where record.offset == 5 {
                    kafka.inject(.holdAnswer(hold), on: .offsetCommit)
                    async let own: Void = consumer.commit(record)
                    await hold.untilHeld()
                    kafka.rewrite(OffsetCommitRequest.self, times: nil) { request, _, _ in
                        let offsets = request.topics.flatMap { $0.partitions.map(\.committedOffset) }
                        stored.withLock { $0 += offsets }
                    }
                    // Leave time for the automatic commit to start.
                    try await consumer.core.loop.sleep(for: .milliseconds(500))
                    hold.release()
                    try await own
                    try await consumer.core.loop.sleep(for: .milliseconds(200))
                    break
                }
            }
            #expect(try await kafka.committedOffset(of: "g", topic: "t", partition: 0) == 6)
            let offsets = stored.withLock { $0 }
            #expect(offsets.allSatisfy { $0 >= 6 }, "\(offsets)")
        }
    }

    @Test func offsetsOfAnotherMembersPartitionsAreNotCommitted() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["t"]) { consumer in
                for try await _ in consumer.records { break }
                let error = await #expect(throws: KafkaError.self) {
                    try await consumer.commit([TopicPartition("t", 7): OffsetAndMetadata(offset: 3)])
                }
                #expect(error?.code == .commitFailed)
            }
            #expect(try await kafka.committedOffset(of: "g", topic: "t", partition: 7) == nil)
        }
    }

    @Test(arguments: [true, false])
    func anAutomaticCommitThatCannotSucceedLeavesTheListenerItsTime(isTopicGone: Bool) async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 3)
            var configuration = kafka.consuming("g")
            configuration.closeTimeout = .seconds(6)
            let listener = SavingListener()
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"], listener: listener) { consumer in
                for try await record in consumer.records where record.offset == 2 { break }
                if isTopicGone {
                    kafka.inject(.fail(.unknownTopicOrPartition), on: .offsetCommit, times: nil)
                } else {
                    kafka.inject(.dropAnswer, on: .offsetCommit, times: nil)
                }
            }
            #expect(listener.isSaved.withLock { $0 })
        }
    }

    @Test func unsubscribingDoesNotCommitTheRecordInHand() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 3)
            try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["t"]) { consumer in
                for try await record in consumer.records where record.offset == 1 {
                    try await consumer.unsubscribe()
                    break
                }
            }
            #expect(try await kafka.committedOffset(of: "g", topic: "t", partition: 0) == 1)
        }
    }

    @Test func aGracefulShutdownWaitsForThePollingReaderAndCommitsItsRecords() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 3)
            let listener = SavingListener()
            let consumer = try KafkaConsumer(kafka.consuming("g"), listener: listener)
            try consumer.subscribe(to: ["t"])
            let run = Task { try await consumer.run() }
            let records = try await consumer.poll(timeout: .seconds(20))
            #expect(records.count == 3)
            consumer.triggerGracefulShutdown()
            // Leave time for a premature revocation, which must not happen.
            try await consumer.core.loop.sleep(for: .milliseconds(300))
            #expect(!listener.isSaved.withLock { $0 })
            #expect(try await consumer.poll(timeout: .seconds(20)).isEmpty)
            try await run.value
            #expect(listener.isSaved.withLock { $0 })
            #expect(try await kafka.committedOffset(of: "g", topic: "t", partition: 0) == 3)
            let error = await #expect(throws: KafkaError.self) { try await consumer.poll(timeout: .zero) }
            #expect(error?.code == .closed)
        }
    }
}
