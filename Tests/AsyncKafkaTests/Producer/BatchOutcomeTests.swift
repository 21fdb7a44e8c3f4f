// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport
import Testing

@testable import AsyncKafka

/// What tasks that wait for the records of a batch receive.
@Suite(.timeLimit(.minutes(1))) struct BatchOutcomeTests {
    private let undelivered = UndeliveredRecords()
    private let loop: EventLoop

    init() throws {
        self.loop = try EventLoop(name: "outcome")
    }

    private func batch() -> ProducerBatch {
        ProducerBatch(
            TopicPartition("t", 0), createdAt: MonotonicTime(nanoseconds: 0), deadline: MonotonicTime(nanoseconds: 1),
            records: RecordBatchBuilder(), undelivered: self.undelivered)
    }

    /// Starts a task for each record, and returns when all of them wait, because the loop runs jobs in order.
    private func waiters(
        of batch: ProducerBatch, _ indices: Range<Int32>
    ) async -> [Task<RecordMetadata, any Error>] {
        let tasks = indices.map { index in
            Task(executorPreference: self.loop) {
                try await Delivery(batch: batch, index: index, timestamp: 0).metadata
            }
        }
        await self.everyoneWaits()
        return tasks
    }

    private func everyoneWaits() async {
        await Task(executorPreference: self.loop) {}.value
    }

    private func code(of task: Task<RecordMetadata, any Error>) async -> KafkaError.Code? {
        do {
            _ = try await task.value
            return nil
        } catch {
            return (error as? KafkaError)?.code
        }
    }

    private let failure = KafkaError(.deliveryTimedOut, "Too late.")

    @Test func eachOfManyTasksReceivesThePlaceOfItsRecord() async throws {
        let batch = self.batch()
        let tasks = await self.waiters(of: batch, 0..<1000)
        batch.outcome.complete(.stored(baseOffset: 100, logAppendTime: 7), count: 1000)
        var offsets: [Int64?] = []
        for task in tasks { offsets.append(try await task.value.offset) }
        #expect(offsets == (100..<1100).map { $0 })
        #expect(try await Delivery(batch: batch, index: 3, timestamp: 0).metadata.offset == 103)
    }

    @Test func aCancelledTaskStopsWaitingAtOnceAndTheOthersWaitOn() async throws {
        let batch = self.batch()
        let tasks = await self.waiters(of: batch, 0..<3)
        tasks[1].cancel()
        #expect(await self.code(of: tasks[1]) == .cancelled)
        // Its place is another's now, and the cancellation is not.
        let later = await self.waiters(of: batch, 3..<5)
        tasks[1].cancel()
        batch.outcome.complete(.stored(baseOffset: 10, logAppendTime: nil), count: 5)
        #expect(try await tasks[0].value.offset == 10)
        #expect(try await tasks[2].value.offset == 12)
        #expect(try await later[0].value.offset == 13)
        #expect(try await later[1].value.offset == 14)
        #expect(await self.code(of: tasks[1]) == .cancelled)
    }

    @Test func aTaskThatIsCancelledBeforeDoesNotWait() async throws {
        let batch = self.batch()
        let task = Task(executorPreference: self.loop) {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await Delivery(batch: batch, index: 0, timestamp: 0).metadata
        }
        #expect(await self.code(of: task) == .cancelled)
        batch.outcome.complete(.stored(baseOffset: 5, logAppendTime: nil), count: 1)
        let late = Task(executorPreference: self.loop) {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await Delivery(batch: batch, index: 0, timestamp: 0).metadata
        }
        #expect(try await late.value.offset == 5, "nothing is left to wait for")
    }

    @Test func recordsFailAsTheBrokerSaysOfEach() async {
        let batch = self.batch()
        let tasks = await self.waiters(of: batch, 0..<3)
        let refused = KafkaError(.recordTooLarge, "This one.")
        batch.outcome.complete(.recordsRefused([1: refused], others: self.failure), count: 3)
        #expect(await self.code(of: tasks[0]) == .deliveryTimedOut)
        #expect(await self.code(of: tasks[1]) == .recordTooLarge)
        #expect(await self.code(of: tasks[2]) == .deliveryTimedOut)
        #expect(self.undelivered.take() == nil)
    }

    @Test func aFailureIsReportedByFlushOnlyIfNoTaskHasReceivedIt() async {
        // Nobody waits: flush reports it.
        let forgotten = self.batch()
        forgotten.outcome.complete(.failed(self.failure), count: 2)
        #expect(self.undelivered.take()?.message.hasPrefix("2 records were not delivered") == true)

        // Who flushes doesn't wait for a record.
        let flushed = self.batch()
        let flush = Task(executorPreference: self.loop) { try await flushed.outcome.wait(for: .end) }
        await self.everyoneWaits()
        flushed.outcome.complete(.failed(self.failure), count: 2)
        _ = await flush.result
        #expect(self.undelivered.take() != nil)

        // All that waited were cancelled.
        let abandoned = self.batch()
        let tasks = await self.waiters(of: abandoned, 0..<2)
        for task in tasks { task.cancel() }
        for task in tasks { #expect(await self.code(of: task) == .cancelled) }
        abandoned.outcome.complete(.failed(self.failure), count: 2)
        abandoned.outcome.complete(.failed(self.failure), count: 2)
        #expect(self.undelivered.take()?.message.hasPrefix("2 records") == true)

        // One of two receives it, before or after the failure.
        let awaited = self.batch()
        let pair = await self.waiters(of: awaited, 0..<2)
        pair[0].cancel()
        awaited.outcome.complete(.failed(self.failure), count: 2)
        #expect(await self.code(of: pair[1]) == .deliveryTimedOut)
        #expect(self.undelivered.take() == nil)
        let asked = self.batch()
        asked.outcome.complete(.failed(self.failure), count: 2)
        let late = await self.waiters(of: asked, 0..<1)
        #expect(await self.code(of: late[0]) == .deliveryTimedOut)
        #expect(self.undelivered.take() == nil)
    }

    /// The failure comes after the cancellation, and before the task suspends: the task receives it, so `flush` doesn't report it.
    @Test func aTaskThatReceivesAFailureAlthoughItWasCancelledIsTheOnlyOneToReportIt() async {
        let outcome = self.batch().outcome
        guard case .waiting(let place) = outcome.enter(.record) else {
            Issue.record("The batch has ended.")
            return
        }
        outcome.cancel(at: place, .record)
        outcome.complete(.failed(self.failure), count: 1)
        let result = await withUnsafeContinuation { outcome.suspend($0, at: place, .record) }
        #expect(result?.error?.code == .deliveryTimedOut)
        #expect(self.undelivered.take() == nil)
    }

    @Test func tasksWaitForThePartsOfABatchThatIsSplit() async throws {
        let whole = self.batch()
        let (first, second) = (self.batch(), self.batch())
        let tasks = await self.waiters(of: whole, 0..<5)
        whole.outcome.complete(
            .split([(batch: first, count: 3 as Int32), (batch: second, count: 2 as Int32)]), count: 5)
        await self.everyoneWaits()
        tasks[3].cancel()
        #expect(await self.code(of: tasks[3]) == .cancelled)
        second.outcome.complete(.stored(baseOffset: 20, logAppendTime: nil), count: 2)
        #expect(try await tasks[4].value.offset == 21)
        first.outcome.complete(.failed(self.failure), count: 3)
        for task in tasks[..<3] { #expect(await self.code(of: task) == .deliveryTimedOut) }
        #expect(self.undelivered.take() == nil)
    }

    /// Tasks begin to wait, are cancelled and receive a failure at the same time: each ends once, and the failure is reported to a
    /// task or by flush, never by both and never by none.
    @Test func cancellationsMayComeWithTheResult() async throws {
        let other = try EventLoop(name: "result")
        for round in 0..<2000 {
            let batch = self.batch()
            let tasks = (0..<4).map { index in
                Task(executorPreference: index % 2 == 0 ? self.loop : nil) {
                    try await Delivery(batch: batch, index: Int32(index), timestamp: 0).metadata
                }
            }
            if round % 2 == 0 { await self.everyoneWaits() }
            other.execute { batch.outcome.complete(.failed(self.failure), count: 4) }
            for task in tasks { task.cancel() }
            var codes: [KafkaError.Code?] = []
            for task in tasks { codes.append(await self.code(of: task)) }
            #expect(codes.allSatisfy { $0 == .cancelled || $0 == .deliveryTimedOut })
            await Task(executorPreference: other) {}.value
            #expect((self.undelivered.take() == nil) == codes.contains(.deliveryTimedOut), "\(codes)")
        }
    }
}
