// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport
import Testing

@testable import AsyncKafka

/// How records are added to batches, how much memory they use, and how they end.
@Suite struct RecordAccumulatorTests {
    private let kilobyte = Bytes(repeatElement(UInt8(1), count: 1000))

    // MARK: Batches

    @Test func recordsShareABatchUntilItIsFull() throws {
        var rig = AccumulatorRig(batchSize: 4096)
        let deliveries = try (0..<4).map { _ in try #require(rig.append(self.kilobyte).delivery) }
        #expect(deliveries.map(\.index) == [0, 1, 2, 0])
        #expect(deliveries[0].batch === deliveries[2].batch)
        #expect(deliveries[2].batch !== deliveries[3].batch)
        #expect(rig.decided.sends == [0], "the full batch can be sent")
        let requests = rig.pump()
        #expect(requests.map { $0.transmissions.map(\.batch.count) } == [[3]])
    }

    @Test func anOpenBatchWaitsForItsLinger() {
        var rig = AccumulatorRig()
        rig.append()
        #expect(rig.decided.sends.isEmpty)
        #expect(rig.decided.lingerTimer == rig.now + .milliseconds(5))
        #expect(rig.pump().isEmpty)
        rig.now = rig.now + .milliseconds(5)
        rig.note(rig.accumulator.lingerEnded(now: rig.now))
        #expect(rig.decided.sends == [0])
        #expect(rig.pump().count == 1)
    }

    @Test func lingerAppliesToEachBatchSeparately() {
        var rig = AccumulatorRig(partitions: 2)
        rig.append(partition: 0)
        rig.now = rig.now + .milliseconds(3)
        rig.append(partition: 1)
        rig.now = rig.now + .milliseconds(2)
        rig.decided = AccumulatorRig.Decisions()
        rig.note(rig.accumulator.lingerEnded(now: rig.now))
        #expect(rig.decided.lingerTimer == rig.now + .milliseconds(3))
        #expect(rig.pump().flatMap { $0.transmissions.map(\.partition.index) } == [0])
    }

    @Test func withoutLingerARecordIsSentImmediatelyAndTheNextOnesGather() throws {
        var rig = AccumulatorRig(linger: .zero)
        rig.append()
        #expect(rig.decided.sends == [0])
        let first = rig.pump()
        #expect(first.map { $0.transmissions.map(\.batch.count) } == [[1]])
        rig.decided = AccumulatorRig.Decisions()
        for _ in 0..<10 { rig.append() }
        #expect(rig.decided.sends.isEmpty, "the first batch of a partition is sent alone")
        rig.answer(first[0])
        #expect(rig.decided.sends == [0])
        #expect(rig.pump().map { $0.transmissions.map(\.batch.count) } == [[10]])
    }

    @Test func aFlushSendsOpenBatches() {
        var rig = AccumulatorRig(partitions: 3, linger: .seconds(60))
        for partition in 0..<3 as Range<Int32> { rig.append(partition: partition) }
        rig.flush()
        let requests = rig.pump()
        #expect(requests.map(\.transmissions.count) == [3], "one request for all partitions of a broker")
    }

    @Test func aRecordLargerThanABatchGetsItsOwn() {
        var rig = AccumulatorRig(batchSize: 2048)
        rig.append()
        #expect(rig.append(Bytes(repeatElement(UInt8(0), count: 10_000))).delivery?.index == 0)
        rig.append()
        rig.flush()
        let first = rig.pump()
        #expect(first.map { $0.transmissions.map(\.batch.count) } == [[1]])
        rig.answer(first[0])
        #expect(rig.pump().flatMap { $0.transmissions.map(\.batch.count) } == [1, 1])
    }

    @Test func aRecordLargerThanARequestIsRejected() {
        var rig = AccumulatorRig(batchSize: 2048, maxRequestSize: 4096)
        guard case .tooLarge(let size) = rig.append(Bytes(repeatElement(UInt8(0), count: 4096))) else {
            Issue.record("accepted")
            return
        }
        #expect(size > 4096)
    }

    @Test func aRequestIsFilledToItsMaximumAndPartitionsTakeTurns() {
        var rig = AccumulatorRig(partitions: 4, batchSize: 4096, maxRequestSize: 10_000)
        for _ in 0..<2 {
            for partition in 0..<4 as Range<Int32> {
                for _ in 0..<3 { rig.append(self.kilobyte, partition: partition) }
            }
        }
        rig.flush()
        var served: [Int32] = []
        for _ in 0..<10 {
            for request in rig.pump() {
                #expect(request.transmissions.count <= 3)
                #expect(Set(request.transmissions.map(\.partition.index)).count == request.transmissions.count)
                served += request.transmissions.map(\.partition.index)
                rig.answer(request)
            }
        }
        #expect(served.count == 8)
        #expect(Set(served.prefix(4)) == [0, 1, 2, 3], "each partition once before any twice")
    }

    @Test func atMostFiveRequestsAreInFlight() {
        var rig = AccumulatorRig(partitions: 20, batchSize: 2048, maxRequestSize: 2048)
        for partition in 0..<20 as Range<Int32> { rig.append(self.kilobyte, partition: partition) }
        rig.flush()
        let requests = rig.pump()
        #expect(requests.count == 5)
        guard let first = requests.first else { return }
        rig.answer(first)
        #expect(rig.pump().count == 1)
    }

    // MARK: Memory

    @Test func memoryIsBounded() {
        var rig = AccumulatorRig(partitions: 100, batchSize: 4096, maxRequestSize: 8192, bufferMemory: 64 << 10)
        var count = 0
        while !rig.append(self.kilobyte, partition: Int32(count % 100)).isFull { count += 1 }
        #expect(count >= 15)
        #expect(rig.accumulator.freeMemory >= 0)
        #expect(rig.accumulator.freeMemory < 4096)
        #expect(rig.decided.sends == [0], "open batches must be sent to make room")
    }

    @Test func memoryIsReturnedWhenABatchEnds() {
        var rig = AccumulatorRig()
        let all = rig.accumulator.freeMemory
        rig.append()
        #expect(rig.accumulator.freeMemory < all)
        rig.flush()
        rig.answer(rig.pump()[0])
        #expect(rig.accumulator.freeMemory == all)
    }

    @Test func tasksGetRoomInOrderAndNoOtherOvertakesThem() throws {
        var rig = AccumulatorRig(partitions: 100, batchSize: 4096, maxRequestSize: 4096, bufferMemory: 4096)
        rig.append(self.kilobyte, partition: 0)
        let waiting = [Promise<Void>(), Promise<Void>()]
        for promise in waiting {
            let appended = rig.append(self.kilobyte, partition: 1)
            let shortage = try #require(appended.shortage)
            // The task seems to need less than it does, so that it is woken without finding room below.
            let little = RecordBuffer.Shortage(destination: shortage.destination, bytes: 0)
            rig.accumulator.waitForRoom(promise, for: little, isFirst: false)
        }
        rig.answer(rig.pump()[0])
        #expect(rig.decided.wake === waiting[0])
        rig.decided.wake = nil
        #expect(rig.append(self.kilobyte, partition: 2).isFull, "a newcomer")
        #expect(rig.append(self.kilobyte, partition: 1, isOffered: true).delivery != nil)
        rig.note(rig.accumulator.offerRoomAgain())
        #expect(rig.decided.wake === waiting[1])
        let appended = rig.append(self.kilobyte, partition: 3, isOffered: true)
        let shortage = try #require(appended.shortage)
        rig.accumulator.waitForRoom(waiting[1], for: shortage, isFirst: true)
        rig.decided.wake = nil
        rig.answer(rig.pump()[0])
        #expect(rig.decided.wake === waiting[1], "it kept its place")
    }

    @Test func aBatchTakesNoMoreMemoryThanItNeedsAtFirst() {
        var rig = AccumulatorRig(partitions: 1000, batchSize: 256 << 10, bufferMemory: 8 << 20)
        for partition in 0..<1000 as Range<Int32> { #expect(rig.append(partition: partition).delivery != nil) }
    }

    // MARK: Identity

    @Test func batchesWaitForAnIdentity() {
        var rig = AccumulatorRig(isIdempotent: true)
        rig.accumulator.idempotence = IdempotenceStateMachine()
        rig.append()
        rig.flush()
        #expect(rig.pump().isEmpty)
        #expect(rig.decided.needsIdentity)
        rig.note(rig.accumulator.received(ProducerIdentity(id: 9, epoch: 0)))
        #expect(rig.pump().first?.transmissions.first?.identity?.id == 9)
    }

    // MARK: Ending

    @Test func recordsAreGivenUpAfterTheDeliveryTimeout() async throws {
        var rig = AccumulatorRig(hasLeader: false)
        let delivery = try #require(rig.append().delivery)
        #expect(rig.decided.expiryTimer == rig.now + .seconds(120))
        rig.now = rig.now + .seconds(119)
        rig.note(rig.accumulator.expire(now: rig.now))
        #expect(rig.decided.ended.isEmpty)
        rig.now = rig.now + .seconds(1)
        rig.note(rig.accumulator.expire(now: rig.now))
        #expect(rig.decided.ended.map(\.result.error?.code) == [.deliveryTimedOut])
        #expect(rig.decided.ended.first?.result.error?.isOutcomeUnknown == false)
        for (batch, result) in rig.decided.ended { batch.outcome.complete(result, count: batch.count) }
        await #expect(throws: KafkaError.self) { try await delivery.metadata }
    }

    /// KAFKA-19012: the memory of a batch that expired in flight was reused while the socket was still reading it.
    @Test func theMemoryOfABatchThatExpiresInFlightIsFreeOnlyAfterItsAnswer() {
        var rig = AccumulatorRig()
        let all = rig.accumulator.freeMemory
        rig.append()
        rig.flush()
        let requests = rig.pump()
        rig.now = rig.now + .seconds(121)
        rig.note(rig.accumulator.expire(now: rig.now))
        #expect(rig.decided.ended.first?.result.error?.isOutcomeUnknown == true)
        #expect(rig.accumulator.freeMemory < all)
        #expect(rig.decided.freed.isEmpty)
        rig.answer(requests[0])
        #expect(rig.accumulator.freeMemory == all)
        #expect(rig.decided.freed.count == 1)
        #expect(rig.decided.ended.count == 1)
    }

    @Test func anOversizedBatchIsSentInHalves() async throws {
        var rig = AccumulatorRig()
        let deliveries = (0..<7).compactMap { rig.append("value \($0)").delivery }
        rig.flush()
        rig.answer(rig.pump()[0], .messageTooLarge)
        #expect(rig.decided.backoffs.isEmpty)
        var offset: Int64 = 100
        for _ in 0..<10 {
            for request in rig.pump() {
                if request.transmissions[0].batch.count > 2 {
                    rig.answer(request, .messageTooLarge)
                } else {
                    rig.answer(request, baseOffset: offset)
                    offset += Int64(request.transmissions[0].batch.count)
                }
            }
        }
        for (batch, result) in rig.decided.ended { batch.outcome.complete(result, count: batch.count) }
        var offsets: [Int64?] = []
        for delivery in deliveries { offsets.append(try await delivery.metadata.offset) }
        #expect(offsets == (100..<107).map { $0 })
        #expect(rig.accumulator.freeMemory == 32 << 20)
    }

    /// The first batch teaches a topic's limit. Batches that were filled before are split before they are sent.
    @Test func waitingBatchesAreSplitToTheLimitOfTheirTopic() async throws {
        var rig = AccumulatorRig(batchSize: 16 << 10)
        let deliveries = (0..<150).compactMap { _ in rig.append(self.kilobyte).delivery }
        rig.flush()
        var refused = 0
        var offset: Int64 = 0
        while offset < 150, refused < 150 {
            rig.endBackoffs()
            var isInOrder = true
            for request in rig.pump() {
                let batch = request.transmissions[0].batch
                if !isInOrder {
                    rig.answer(request, .outOfOrderSequenceNumber)
                } else if batch.records.byteCount > 3000 {
                    isInOrder = false
                    refused += 1
                    rig.answer(request, .messageTooLarge)
                } else {
                    rig.answer(request, baseOffset: offset)
                    offset += Int64(batch.count)
                }
            }
        }
        // One each of 16, 8 and 4 KiB, and the second halves of those of 16 and 8.
        #expect(refused <= 6, "of ten batches")
        for (batch, result) in rig.decided.ended { batch.outcome.complete(result, count: batch.count) }
        var offsets: [Int64?] = []
        for delivery in deliveries { offsets.append(try await delivery.metadata.offset) }
        #expect(offsets == (0..<150).map { $0 })
        #expect(rig.accumulator.freeMemory == 32 << 20)
    }

    /// Splitting takes a while, during which the lock is free.
    @Test(arguments: [true, false])
    func aBatchThatIsBeingSplitBlocksOnlyItsPartition(wasSent: Bool) async throws {
        var rig = AccumulatorRig(partitions: 2, batchSize: 16 << 10)
        let deliveries = (0..<16).compactMap { _ in rig.append(self.kilobyte, partition: 0).delivery }
        rig.flush()
        let first = rig.pump()
        if !wasSent {
            // This batch is filled before the first one is rejected.
            for _ in 0..<15 { rig.append(self.kilobyte, partition: 0) }
            rig.flush()
        }
        rig.holdsSplits = wasSent
        rig.answer(first[0], .messageTooLarge)
        if !wasSent {
            rig.holdsSplits = true
            for request in rig.pump() { rig.answer(request) }
            for request in rig.pump() { rig.answer(request) }
        }
        #expect(rig.held.count == 1)
        for _ in 0..<20 { rig.append(self.kilobyte, partition: 0) }
        rig.append(self.kilobyte, partition: 1)
        rig.flush()
        #expect(rig.pump().flatMap { $0.transmissions.map(\.partition.index) } == [1])
        rig.holdsSplits = false
        rig.split()
        #expect(rig.decided.sends == [0])
        let next = try #require(rig.pump().first?.transmissions)
        #expect(next.map(\.partition.index) == [0])
        #expect(next[0].batch.records.byteCount <= 9 << 10)
        if wasSent { #expect(next[0].baseSequence == 0) }
        #expect(deliveries.count == 16)
    }

    @Test(arguments: [true, false])
    func theMemoryOfABatchThatExpiresWhileItIsSplitIsFreeOnlyAfterwards(wasSent: Bool) {
        var rig = AccumulatorRig(batchSize: 4 << 10)
        let all = rig.accumulator.freeMemory
        for _ in 0..<(wasSent ? 3 : 6) { rig.append(self.kilobyte) }
        rig.flush()
        let first = rig.pump()
        rig.holdsSplits = wasSent
        rig.answer(first[0], .messageTooLarge)
        if !wasSent {
            rig.holdsSplits = true
            for _ in 0..<2 { for request in rig.pump() { rig.answer(request) } }
        }
        #expect(rig.held.count == 1)
        let freed = rig.decided.freed.count
        rig.decided.ended = []
        rig.now = rig.now + .seconds(121)
        rig.note(rig.accumulator.expire(now: rig.now))
        #expect(rig.decided.ended.map(\.result.error?.isOutcomeUnknown) == [false])
        #expect(rig.decided.freed.count == freed)
        #expect(rig.accumulator.freeMemory < all)
        rig.holdsSplits = false
        rig.split()
        #expect(rig.decided.ended.count == 1)
        #expect(rig.decided.freed.count == freed + 1)
        #expect(rig.accumulator.freeMemory == all)
        rig.append()
        rig.flush()
        #expect(rig.pump().count == 1)
    }

    @Test func onlyOneThreadAtATimeSendsToABroker() {
        var rig = AccumulatorRig(partitions: 3)
        rig.append(partition: 0)
        rig.flush()
        #expect(rig.decided.sends == [0])
        #expect(rig.accumulator.beginSending(to: 0))
        rig.append(partition: 1)
        rig.flush()
        #expect(rig.decided.sends == [0], "the sending thread sends that batch, too")
        #expect(!rig.accumulator.beginSending(to: 0))
        #expect(rig.pump().flatMap(\.transmissions).count == 2)
        rig.append(partition: 2)
        rig.flush()
        #expect(rig.decided.sends == [0])
    }

    @Test func afterClosingNothingIsAccepted() throws {
        var rig = AccumulatorRig()
        rig.append()
        let waiting = Promise<Void>()
        let topic = try #require(rig.accumulator.topics["t"])
        rig.accumulator.waitForRoom(
            waiting, for: RecordBuffer.Shortage(destination: .topic(topic), bytes: 1), isFirst: false)
        #expect(rig.accumulator.close(.producerClosed).count == 1)
        guard case .closed(let error) = rig.append() else {
            Issue.record("accepted")
            return
        }
        #expect(error.code == .closed)
        // The open batch accepts no more records, either.
        let late = ProducerRecord(topic: "t", partition: 0, value: "late")
        #expect(rig.accumulator.appendToOpenBatch(late, choice: .named(0), timestamp: 1000) == nil)
        rig.note(rig.accumulator.giveUpAll(because: .producerClosed))
        #expect(rig.decided.ended.count == 1)
        #expect(rig.accumulator.freeMemory == 32 << 20)
    }

    @Test func aDeliveryHasItsOwnTimestamp() async throws {
        var rig = AccumulatorRig()
        var deliveries: [Delivery] = []
        for time in [5, 3, 9] as [Int64] {
            let appended = rig.accumulator.append(
                ProducerRecord(topic: "t", value: "v"), choice: .free, timestamp: time
            ) { MonotonicTime(nanoseconds: 0) }
            deliveries.append(try #require(appended.delivery))
        }
        rig.flush()
        rig.answer(rig.pump()[0], baseOffset: 50)
        for (batch, result) in rig.decided.ended { batch.outcome.complete(result, count: batch.count) }
        var times: [Int64] = []
        for delivery in deliveries { times.append(try await delivery.metadata.timestamp.millisecondsSince1970) }
        #expect(times == [5, 3, 9], "aiokafka reports the first record's timestamp for all")
    }
}
