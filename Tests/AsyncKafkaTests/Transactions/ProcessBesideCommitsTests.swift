// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import Testing

/// A commit that is under way when `process` begins ends before its first transaction, and later ones are refused: beside an open
/// transaction, they would replace its offsets.
@Suite(.timeLimit(.minutes(1))) struct ProcessBesideCommitsTests: ConsumedTransactionsSuite {
    private let clock = TestClock()

    private func withClock(
        _ body: @escaping @Sendable (EmbeddedKafka, KafkaTransactionalProducer, KafkaConsumer) async throws -> Void
    ) async throws {
        try await self.clock.passing {
            try await self.withProducer({ $0.clock = self.clock.loopClock }, body)
        }
    }

    /// Copies everything, and shuts the consumer down behind the last record.
    private func copyAll(
        _ producer: KafkaTransactionalProducer, _ consumer: KafkaConsumer,
        _ atBatch: @escaping @Sendable () -> Void = {}
    ) async throws {
        try await producer.process(consumer) { batch, transaction in
            atBatch()
            for record in batch { try await transaction.enqueue(ProducerRecord(topic: "out", value: record.value)) }
            if batch.offsets.contains(9) { consumer.triggerGracefulShutdown() }
        }
    }

    /// The first commit waits for its answer, or is refused again and again; the second one waits for the first.
    @Test(arguments: [true, false])
    func aCommitUnderWayIsWaitedForAndThoseBehindItAreRefused(isHeld: Bool) async throws {
        try await self.withClock { kafka, producer, consumer in
            let (hold, partition, hasBegun) = (EmbeddedKafka.Hold(), self.partition, Lock(false))
            // Otherwise the commit could come first, and the consumer begin there.
            #expect(try await consumer.position(of: partition) == 0)
            kafka.inject(isHeld ? .hold(hold) : .fail(.coordinatorLoadInProgress), on: .offsetCommit, times: nil)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await consumer.commit([partition: OffsetAndMetadata(offset: 3)]) }
                await kafka.untilRequests(of: .offsetCommit, count: 1)
                tasks.addTask {
                    #expect(
                        await code { try await consumer.commit([partition: OffsetAndMetadata(offset: 4)]) }
                            == .illegalState)
                }
                tasks.addTask { try await self.copyAll(producer, consumer) { hasBegun.withLock { $0 = true } } }
                try await self.clock.sleep(for: .seconds(5))
                #expect(!hasBegun.withLock { $0 })
                kafka.removeFaults()
                hold.release()
                try await tasks.waitForAll()
            }
            #expect(try await kafka.committed("out").count == 10)
            #expect(try await kafka.groupOffset("group", "in") == 10)
        }
    }

    /// A commit that nobody waits for any more is still on its way.
    @Test func aCommitThatWasCancelledIsWaitedForToo() async throws {
        try await self.withClock { kafka, producer, consumer in
            let (hold, partition, hasBegun) = (EmbeddedKafka.Hold(), self.partition, Lock(false))
            kafka.inject(.hold(hold), on: .offsetCommit, times: 1)
            let cancelled = Task { try await consumer.commit([partition: OffsetAndMetadata(offset: 3)]) }
            await hold.untilHeld()
            cancelled.cancel()
            #expect(await code { try await cancelled.value } == .cancelled)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await self.copyAll(producer, consumer) { hasBegun.withLock { $0 = true } } }
                try await self.clock.sleep(for: .seconds(5))
                #expect(!hasBegun.withLock { $0 })
                hold.release()
                try await tasks.waitForAll()
            }
            #expect(try await kafka.groupOffset("group", "in") == 10)
        }
    }

    /// Waiting for a commit can be cancelled; the consumer may then commit, and be processed, again.
    @Test func aProcessThatIsCancelledWhileItWaitsHasReservedNothing() async throws {
        try await self.withClock { kafka, producer, consumer in
            let (hold, partition) = (EmbeddedKafka.Hold(), self.partition)
            kafka.inject(.hold(hold), on: .offsetCommit, times: 1)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await consumer.commit([partition: OffsetAndMetadata(offset: 3)]) }
                await hold.untilHeld()
                let waiting = Task { try await self.copyAll(producer, consumer) }
                try await self.clock.sleep(for: .seconds(1))
                waiting.cancel()
                #expect(await code { try await waiting.value } == .cancelled)
                hold.release()
                try await tasks.waitForAll()
            }
            try await consumer.commit([partition: OffsetAndMetadata(offset: 0)])
            try await self.copyAll(producer, consumer)
            #expect(try await kafka.groupOffset("group", "in") == 10)
        }
    }
}
