// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

@Suite struct BatchQueueTests {
    typealias Queue = BatchQueue<String>
    let identity = ProducerIdentity(id: 7, epoch: 0)

    private func queue(
        _ batches: [(String, Int32)], isIdempotent: Bool = true, maximumInFlight: Int = 5
    ) -> Queue {
        var queue = Queue(isIdempotent: isIdempotent, maximumInFlight: maximumInFlight)
        for (index, (name, count)) in batches.enumerated() {
            queue.append(name, count: count, deadline: .at(100 + Int64(index)))
        }
        return queue
    }

    private func send(_ queue: inout Queue) -> Queue.Transmission? {
        if case .send(let transmission) = queue.next(available: self.identity) { transmission } else { nil }
    }

    /// Returns a queue whose first batch is stored, so that several may be in flight, and the transmissions of the
    /// others.
    private func flowing(_ batches: [(String, Int32)]) throws -> (Queue, [Queue.Transmission]) {
        var queue = self.queue([("opening", 1)] + batches)
        let opening = try #require(self.send(&queue))
        #expect(queue.answered(opening.id, .stored) == .stored)
        var sent: [Queue.Transmission] = []
        while let transmission = self.send(&queue) { sent.append(transmission) }
        return (queue, sent)
    }

    // MARK: Sequences

    @Test func sequencesFollowTheRecordsInOrder() throws {
        let (_, sent) = try self.flowing([("a", 10), ("b", 5), ("c", 1)])
        #expect(sent.map(\.batch) == ["a", "b", "c"])
        #expect(sent.map(\.baseSequence) == [1, 11, 16])
        #expect(sent.allSatisfy { $0.identity == self.identity })
    }

    /// aiokafka wraps to −2147483648.
    @Test func sequencesWrapToZeroAfterTheLargest() {
        #expect(ProducerSequence.advance(Int32.max, by: 1) == 0)
        #expect(ProducerSequence.advance(Int32.max - 2, by: 5) == 2)
        #expect(ProducerSequence.advance(0, by: Int32.max) == Int32.max)
    }

    @Test func nothingIsSentBeforeThereIsAnIdentity() {
        var queue = self.queue([("a", 1)])
        guard case .identityNeeded(stale: nil) = queue.next(available: nil) else {
            Issue.record("sent without identity")
            return
        }
        #expect(self.send(&queue)?.batch == "a")
    }

    @Test func withoutIdempotenceThereAreNoSequences() throws {
        var queue = self.queue([("a", 1)], isIdempotent: false)
        guard case .send(let sent) = queue.next(available: nil) else {
            Issue.record("not sent")
            return
        }
        #expect(sent.identity == nil)
        #expect(sent.baseSequence == -1)
    }

    /// aiokafka assigns sequence numbers to batches that are never sent because there is no leader, which leaves a gap.
    @Test func aBatchThatExpiresUnsentConsumesNoSequence() throws {
        var queue = self.queue([("a", 10), ("b", 5)])
        let ended = queue.expire(now: .at(100))
        #expect(ended.map(\.batch) == ["a"])
        #expect(ended.map(\.isOutcomeUnknown) == [false])
        #expect(self.send(&queue)?.baseSequence == 0)
    }

    // MARK: Requests in flight

    @Test func theFirstBatchIsSentAloneAndThenUpToFiveAreInFlight() throws {
        var queue = self.queue((0..<9).map { ("\($0)", 1) })
        let first = try #require(self.send(&queue))
        #expect(self.send(&queue) == nil)
        #expect(queue.answered(first.id, .stored) == .stored)
        var sent = 0
        while self.send(&queue) != nil { sent += 1 }
        #expect(sent == 5)
    }

    @Test func afterALeaderChangeNothingIsSentBeforeAllIsAnswered() throws {
        var (queue, sent) = try self.flowing([("a", 1), ("b", 1)])
        queue.leaderChanged()
        queue.append("c", count: 1, deadline: .at(200))
        #expect(self.send(&queue) == nil)
        #expect(queue.answered(sent[0].id, .uncertain) == .retry(attempts: 1))
        #expect(self.send(&queue) == nil)
        #expect(queue.answered(sent[1].id, .uncertain) == .retry(attempts: 1))
        #expect(self.send(&queue)?.batch == "a")
        #expect(self.send(&queue) == nil, "a retry is sent alone")
    }

    /// The answers are about the old log and say nothing about the new one.
    @Test func lateAnswersFromTheOldLogDoNotCountForTheNewOne() throws {
        var (queue, sent) = try self.flowing([("a", 1), ("b", 1)])
        queue.logBeganAnew()
        queue.append("c", count: 1, deadline: .at(200))
        queue.append("d", count: 1, deadline: .at(200))
        #expect(queue.answered(sent[0].id, .stored) == .stored)
        #expect(self.send(&queue) == nil, "b is unanswered")
        #expect(queue.answered(sent[1].id, .stored) == .stored)
        let c = try #require(self.send(&queue))
        #expect(c.identity == ProducerIdentity(id: 7, epoch: 1))
        #expect(c.baseSequence == 0)
        #expect(self.send(&queue) == nil, "a log without state for the producer would store d in place of c")
        #expect(queue.answered(c.id, .stored) == .stored)
        #expect(self.send(&queue)?.baseSequence == 1)
    }

    /// A batch that may be stored keeps its sequence, and is sent alone until an epoch can begin.
    @Test func aBatchThatMayBeStoredIsSentAloneToARecreatedLog() throws {
        var (queue, sent) = try self.flowing([("a", 1), ("b", 1)])
        queue.logBeganAnew()
        for transmission in sent { #expect(queue.answered(transmission.id, .uncertain) == .retry(attempts: 1)) }
        let a = try #require(self.send(&queue))
        #expect(queue.answered(a.id, .stored) == .stored)
        queue.append("c", count: 1, deadline: .at(200))
        let b = try #require(self.send(&queue))
        #expect(b.baseSequence == 2)
        #expect(self.send(&queue) == nil)
        #expect(queue.answered(b.id, .stored) == .stored)
        #expect(self.send(&queue)?.identity == ProducerIdentity(id: 7, epoch: 1))
    }

    // MARK: Answers

    @Test func retriesKeepTheirSequenceAndTheirOrder() throws {
        var (queue, sent) = try self.flowing([("a", 10), ("b", 5), ("c", 1)])
        // Answered out of order, as when the leader moves between brokers.
        #expect(queue.answered(sent[1].id, .uncertain) == .retry(attempts: 1))
        #expect(queue.answered(sent[2].id, .outOfOrder) == .retry(attempts: 1))
        #expect(queue.answered(sent[0].id, .refusedForNow) == .retry(attempts: 1))
        for (name, sequence) in [("a", 1), ("b", 11), ("c", 16)] as [(String, Int32)] {
            let again = try #require(self.send(&queue))
            #expect(again.batch == name)
            #expect(again.baseSequence == sequence)
            #expect(again.attempt == 2)
            #expect(again.identity == self.identity)
            #expect(queue.answered(again.id, .stored) == .stored)
        }
    }

    @Test func aDuplicateIsSuccess() throws {
        var (queue, sent) = try self.flowing([("a", 10)])
        #expect(queue.answered(sent[0].id, .alreadyStored) == .stored)
        #expect(queue.count == 0)
    }

    /// aiokafka never reuses the sequence, so every later batch fails.
    @Test func theSequenceOfARejectedBatchIsReused() throws {
        var (queue, sent) = try self.flowing([("a", 10)])
        #expect(queue.answered(sent[0].id, .refused) == .failed(isOutcomeUnknown: false))
        queue.append("b", count: 3, deadline: .at(200))
        #expect(self.send(&queue)?.baseSequence == 1)
    }

    /// KAFKA-14034 and similar bugs: after a failure that may have stored the batch, reusing its sequence would make
    /// the broker drop other records as duplicates.
    @Test func theSequenceOfABatchThatMayBeStoredIsNeverReused() throws {
        var (queue, sent) = try self.flowing([("a", 10)])
        #expect(queue.answered(sent[0].id, .failedUncertainly) == .failed(isOutcomeUnknown: true))
        queue.append("b", count: 3, deadline: .at(200))
        let b = try #require(self.send(&queue))
        #expect(b.identity == ProducerIdentity(id: 7, epoch: 1))
        #expect(b.baseSequence == 0)
    }

    @Test func anUnansweredAttemptMakesTheOutcomeOfALaterRejectionUnknown() throws {
        var (queue, sent) = try self.flowing([("a", 10)])
        #expect(queue.answered(sent[0].id, .uncertain) == .retry(attempts: 1))
        let again = try #require(self.send(&queue))
        #expect(queue.answered(again.id, .refused) == .failed(isOutcomeUnknown: true))
    }

    /// aiokafka #1017: an idempotent producer never recovers from OUT_OF_ORDER_SEQUENCE_NUMBER.
    @Test func batchesAfterAFailedOneAreSentUnderTheNextEpoch() throws {
        var (queue, sent) = try self.flowing([("a", 10), ("b", 5), ("c", 1)])
        #expect(queue.answered(sent[0].id, .refused) == .failed(isOutcomeUnknown: false))
        #expect(queue.answered(sent[1].id, .outOfOrder) == .retry(attempts: 1))
        #expect(self.send(&queue) == nil, "c is still in flight under the old epoch")
        #expect(queue.answered(sent[2].id, .outOfOrder) == .retry(attempts: 1))
        let b = try #require(self.send(&queue))
        #expect(b.batch == "b")
        #expect(b.identity == ProducerIdentity(id: 7, epoch: 1))
        #expect(b.baseSequence == 0)
        #expect(queue.answered(b.id, .stored) == .stored)
        let c = try #require(self.send(&queue))
        #expect(c.batch == "c")
        #expect(c.identity == ProducerIdentity(id: 7, epoch: 1))
        #expect(c.baseSequence == 5)
    }

    @Test func outOfOrderForABatchThatMayBeStoredIsAnUnknownOutcome() throws {
        var (queue, sent) = try self.flowing([("a", 10)])
        #expect(queue.answered(sent[0].id, .uncertain) == .retry(attempts: 1))
        let again = try #require(self.send(&queue))
        #expect(queue.answered(again.id, .outOfOrder) == .failed(isOutcomeUnknown: true))
    }

    @Test func anUnknownProducerErrorBeginsAnEpoch() throws {
        var (queue, sent) = try self.flowing([("a", 10)])
        #expect(queue.answered(sent[0].id, .unknownProducer) == .retry(attempts: 1))
        let again = try #require(self.send(&queue))
        #expect(again.identity?.epoch == 1)
        #expect(again.baseSequence == 0)
    }

    @Test func aStaleEpochRequiresANewProducerID() throws {
        var (queue, sent) = try self.flowing([("a", 10)])
        #expect(queue.answered(sent[0].id, .staleEpoch) == .retry(attempts: 1))
        guard case .identityNeeded(stale: 7) = queue.next(available: self.identity) else {
            Issue.record("went on under the old producer id")
            return
        }
        let other = ProducerIdentity(id: 8, epoch: 0)
        guard case .send(let again) = queue.next(available: other) else {
            Issue.record("not sent")
            return
        }
        #expect(again.identity == other)
        #expect(again.baseSequence == 0)
    }

    @Test func afterTheLastEpochANewProducerIDIsRequired() throws {
        var queue = self.queue([("a", 1)])
        guard case .send(let sent) = queue.next(available: ProducerIdentity(id: 7, epoch: .max)) else {
            Issue.record("not sent")
            return
        }
        #expect(queue.answered(sent.id, .unknownProducer) == .retry(attempts: 1))
        guard case .identityNeeded(stale: 7) = queue.next(available: ProducerIdentity(id: 7, epoch: .max)) else {
            Issue.record("no new producer id asked for")
            return
        }
    }

    @Test func withoutIdempotenceSequenceErrorsAreFailures() throws {
        for answer in [ProduceAnswer.outOfOrder, .unknownProducer, .staleEpoch] {
            var queue = self.queue([("a", 1)], isIdempotent: false)
            let sent = try #require(self.send(&queue))
            #expect(queue.answered(sent.id, answer) == .failed(isOutcomeUnknown: false))
        }
    }

    // MARK: Oversized batches

    @Test func anOversizedBatchIsSplitWithinItsSequences() throws {
        var (queue, sent) = try self.flowing([("a", 10), ("b", 2)])
        #expect(queue.answered(sent[0].id, .tooLarge) == .split)
        #expect(queue.answered(sent[1].id, .outOfOrder) == .retry(attempts: 1))
        #expect(!queue.canSend && self.send(&queue) == nil, "it would overtake a")
        let isReplaced = queue.split(sent[0].id, into: [("a1", 6), ("a2", 4)])
        #expect(isReplaced)
        for (name, sequence) in [("a1", 1), ("a2", 7), ("b", 11)] as [(String, Int32)] {
            let part = try #require(self.send(&queue))
            #expect(part.batch == name)
            #expect(part.baseSequence == sequence)
            #expect(queue.answered(part.id, .stored) == .stored)
        }
        #expect(queue.count == 0)
    }

    @Test func anUnsentBatchIsSplitInPlace() throws {
        var queue = self.queue([("a", 10), ("b", 2)])
        let begun = queue.beginSplit()
        let id = try #require(begun)
        #expect(self.send(&queue) == nil)
        #expect(queue.pending == ["a", "b"])
        let isReplaced = queue.split(id, into: [("a1", 6), ("a2", 4)])
        #expect(isReplaced)
        #expect(queue.pending == ["a1", "a2", "b"])
        #expect(self.send(&queue)?.baseSequence == 0)
    }

    @Test(arguments: [true, false])
    func aBatchThatEndsWhileItIsSplitIsNotReplaced(wasSent: Bool) throws {
        var queue = self.queue([("a", 10)])
        queue.append("b", count: 1, deadline: .at(1000))
        let id: UInt64
        if wasSent {
            let sent = try #require(self.send(&queue))
            #expect(queue.answered(sent.id, .tooLarge) == .split)
            id = sent.id
        } else {
            let begun = queue.beginSplit()
            id = try #require(begun)
        }
        let ended = queue.expire(now: .at(500))
        #expect(ended.map(\.batch) == ["a"])
        #expect(ended.map(\.isOutcomeUnknown) == [false] && ended.map(\.isInUse) == [true])
        #expect(self.send(&queue) == nil, "its memory is still in use")
        let isWaitedFor = queue.split(id, into: [("a1", 6), ("a2", 4)])
        #expect(!isWaitedFor)
        #expect(queue.pending == ["b"])
        let next = try #require(self.send(&queue))
        #expect(next.batch == "b" && next.baseSequence == 0)
    }

    @Test func aSingleOversizedRecordFails() throws {
        var (queue, sent) = try self.flowing([("a", 1)])
        #expect(queue.answered(sent[0].id, .tooLarge) == .failed(isOutcomeUnknown: false))
    }

    @Test func aBatchThatMayBeStoredIsNotSplit() throws {
        var (queue, sent) = try self.flowing([("a", 10)])
        #expect(queue.answered(sent[0].id, .uncertain) == .retry(attempts: 1))
        let again = try #require(self.send(&queue))
        #expect(queue.answered(again.id, .tooLarge) == .failed(isOutcomeUnknown: true))
    }

    // MARK: Giving up

    @Test func aBatchThatExpiresInFlightIsUnknownAndKeepsItsPlaceUntilItsAnswer() throws {
        var (queue, sent) = try self.flowing([("a", 10)])
        queue.append("b", count: 1, deadline: .at(1000))
        queue.leaderChanged()
        let ended = queue.expire(now: .at(500))
        #expect(ended.map(\.batch) == ["a"])
        #expect(ended.map(\.isOutcomeUnknown) == [true])
        #expect(self.send(&queue) == nil)
        #expect(queue.answered(sent[0].id, .refused) == .alreadyEnded)
        #expect(self.send(&queue)?.baseSequence == 1, "it was rejected")
    }

    @Test func anAnswerAfterTheExpiryIsNotReportedAgain() throws {
        var (queue, sent) = try self.flowing([("a", 10)])
        _ = queue.expire(now: .at(500))
        #expect(queue.expire(now: .at(500)).count == 0)
        #expect(queue.answered(sent[0].id, .stored) == .alreadyEnded)
        #expect(queue.answered(sent[0].id, .stored) == .alreadyEnded)
        #expect(queue.count == 0)
    }

    @Test func aBatchThatExpiresBeforeARetryIsUnknownOnlyIfItMayBeStored() throws {
        var (queue, sent) = try self.flowing([("a", 10), ("b", 5)])
        #expect(queue.answered(sent[0].id, .uncertain) == .retry(attempts: 1))
        #expect(queue.answered(sent[1].id, .refusedForNow) == .retry(attempts: 1))
        let ended = queue.expire(now: .at(500))
        #expect(ended.map(\.batch) == ["a", "b"])
        #expect(ended.map(\.isOutcomeUnknown) == [true, false])
        queue.append("c", count: 1, deadline: .at(1000))
        let c = try #require(self.send(&queue))
        #expect(c.identity == ProducerIdentity(id: 7, epoch: 1), "a's sequence can't be reused")
        #expect(c.baseSequence == 0)
    }

    /// Under the old epoch, its first attempt would be rejected because of the gap, and if that answer were lost, its
    /// outcome would be unknown.
    @Test func aBatchAfterOneThatMayBeStoredSurvivesALostAnswer() throws {
        var (queue, sent) = try self.flowing([("a", 10)])
        #expect(queue.answered(sent[0].id, .uncertain) == .retry(attempts: 1))
        _ = queue.expire(now: .at(500))
        queue.append("b", count: 1, deadline: .at(1000))
        let b = try #require(self.send(&queue))
        #expect(b.identity == ProducerIdentity(id: 7, epoch: 1))
        #expect(queue.answered(b.id, .uncertain) == .retry(attempts: 1))
        let again = try #require(self.send(&queue))
        #expect(again.identity == b.identity)
        #expect(again.baseSequence == b.baseSequence)
        #expect(queue.answered(again.id, .alreadyStored) == .stored)
        queue.append("c", count: 1, deadline: .at(1000))
        #expect(self.send(&queue)?.identity == b.identity, "one gap, one epoch")
    }

    @Test func aBatchThatMayBeStoredKeepsItsSequenceAfterAGap() throws {
        var (queue, sent) = try self.flowing([("a", 10), ("b", 5)])
        for transmission in sent { #expect(queue.answered(transmission.id, .uncertain) == .retry(attempts: 1)) }
        _ = queue.expire(now: .at(101))
        let b = try #require(self.send(&queue))
        #expect(b.identity == self.identity)
        #expect(b.baseSequence == 11)
    }

    @Test func givingUpAllBatchesEndsEachOfThemOnce() throws {
        var (queue, sent) = try self.flowing([("a", 1), ("b", 1)])
        queue.append("c", count: 1, deadline: .at(1000))
        #expect(queue.answered(sent[0].id, .refusedForNow) == .retry(attempts: 1))
        let ended = queue.giveUpAll()
        #expect(ended.map(\.batch) == ["a", "b", "c"])
        #expect(ended.map(\.isOutcomeUnknown) == [false, true, false])
        #expect(queue.giveUpAll().count == 0)
    }

    @Test func theEarliestDeadlineIsThatOfTheOldestPendingBatch() throws {
        var (queue, sent) = try self.flowing([("a", 1), ("b", 1)])
        queue.append("c", count: 1, deadline: .at(1000))
        #expect(queue.earliestDeadline == .at(101))
        _ = queue.expire(now: .at(101))
        #expect(queue.earliestDeadline == .at(102))
        #expect(queue.answered(sent[1].id, .stored) == .stored)
        #expect(queue.earliestDeadline == .at(1000))
    }
}
