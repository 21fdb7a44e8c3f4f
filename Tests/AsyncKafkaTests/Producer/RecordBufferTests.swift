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

/// The shares of brokers in the memory, and the order in which tasks are woken.
@Suite struct RecordBufferTests {
    private static let size = 100_000

    /// Partitions of which broker 0 leads the first, broker 1 the next, and so on.
    private final class Rig {
        var buffer = RecordBuffer(size: RecordBufferTests.size)
        let undelivered = UndeliveredRecords()
        let topic: TopicState
        var batches: [(ProducerBatch, PartitionState)] = []

        init(leaders: [Int32?]) {
            self.topic = Self.topic(leaders)
            for partition in self.topic.partitions { self.buffer.assign(partition) }
        }

        static func topic(_ leaders: [Int32?]) -> TopicState {
            let topic = TopicState(name: "t", sticky: StickyPartition(stay: 1), batchSize: LearnedBatchSize(1000))
            var metadata = TopicMetadata(name: "t")
            metadata.partitions = leaders.enumerated().map {
                PartitionMetadata(index: Int32($0.offset), leader: $0.element, leaderEpoch: 0)
            }
            _ = topic.update(metadata) { BatchQueue(isIdempotent: false, maximumInFlight: 5) }
            return topic
        }

        func shortage(_ partition: Int, _ bytes: Int) -> RecordBuffer.Shortage {
            RecordBuffer.Shortage(destination: .partition(self.topic.partitions[partition]), bytes: bytes)
        }

        func take(_ size: Int, _ partition: Int, isOffered: Bool = false) -> Bool {
            if isOffered { self.buffer.takeOfferBack() }
            let batch = ProducerBatch(
                TopicPartition("t", Int32(partition)), createdAt: MonotonicTime(nanoseconds: 0),
                deadline: MonotonicTime(nanoseconds: 0), records: RecordBatchBuilder(), undelivered: self.undelivered)
            let state = self.topic.partitions[partition]
            guard self.buffer.take(for: batch, of: state, least: size, wanted: size, isOffered: isOffered) else {
                return false
            }
            self.batches.append((batch, state))
            return true
        }

        /// Takes pieces of 1000 bytes until no more are available. Returns their number.
        func fill(_ partition: Int) -> Int {
            var count = 0
            while self.take(1000, partition) { count += 1 }
            return count
        }

        /// Returns the oldest pieces of a partition.
        func give(_ count: Int, _ partition: Int) {
            for _ in 0..<count {
                guard let index = self.batches.firstIndex(where: { $0.1.index == partition }) else { return }
                let (batch, state) = self.batches.remove(at: index)
                self.buffer.release(batch, of: state)
            }
        }
    }

    @Test func oneBrokerMayUseHalfAndTwoAThirdEach() {
        let two = Rig(leaders: [0, 1])
        #expect((49...50).contains(two.fill(0)))
        #expect((24...26).contains(two.fill(1)), "the rest is free for the next broker")
        let three = Rig(leaders: [0, 1, 2])
        var counts = [0, 0]
        var isTaken = true
        while isTaken {
            isTaken = false
            for broker in 0..<2 where three.take(1000, broker) {
                counts[broker] += 1
                isTaken = true
            }
        }
        for count in counts { #expect((32...34).contains(count)) }
        #expect(three.take(20_000, 2))
    }

    @Test func theOnlyBrokerMayUseAllMemory() {
        let rig = Rig(leaders: [0, 0])
        #expect(rig.fill(0) == 100)
    }

    @Test func theLargestRecordIsAcceptedForABrokerWithoutRecords() {
        let rig = Rig(leaders: [0, 1])
        #expect(rig.take(Self.size, 0))
        rig.give(1, 0)
        #expect(rig.buffer.free == Self.size)
        #expect(rig.take(1000, 0))
        #expect(!rig.take(90_000, 0))
    }

    @Test func theMemoryOfAPartitionMovesToItsNextLeader() {
        let rig = Rig(leaders: [0, 1, nil])
        _ = rig.fill(0)
        #expect(!rig.take(1000, 0))
        #expect(rig.buffer.holders.map(\.broker) == [0])
        rig.topic.partitions[0].leader = 1
        rig.buffer.assign(rig.topic.partitions[0])
        #expect(rig.buffer.holders.map(\.broker) == [1])
        #expect(!rig.take(1000, 1))
        rig.topic.partitions[0].leader = nil
        rig.buffer.assign(rig.topic.partitions[0])
        #expect(rig.take(1000, 1))
        #expect(!rig.take(1000, 2), "all partitions without a leader share")
    }

    @Test func aTaskThatWaitsForOneBrokersShareBlocksNoOther() {
        let rig = Rig(leaders: [0, 1])
        _ = rig.fill(0)
        let first = Promise<Void>()
        let second = Promise<Void>()
        rig.buffer.wait(first, for: rig.shortage(0, 1000), isFirst: false)
        rig.buffer.wait(second, for: rig.shortage(0, 1000), isFirst: false)
        #expect(rig.buffer.offer() == nil)
        #expect(rig.take(1000, 1))
        rig.give(1, 1)
        #expect(rig.buffer.offer() == nil)
        rig.give(2, 0)
        #expect(rig.buffer.offer() === first)
        #expect(!rig.take(1000, 1), "the woken task tries first")
        #expect(rig.take(1000, 0, isOffered: true))
        #expect(rig.buffer.offer() === second)
        rig.buffer.takeOfferBack()
        #expect(rig.take(1000, 1))
    }

    /// A record may go to any partition of a topic, and the broker leads all of them.
    @Test(arguments: [0, nil] as [Int32?])
    func aTaskThatWaitsForAnyPartitionOfOneBrokerBlocksNoOther(_ leader: Int32?) {
        let rig = Rig(leaders: [leader, 1])
        let other = Rig.topic([leader])
        rig.buffer.assign(other.partitions[0])
        _ = rig.fill(0)
        let waiting = Promise<Void>()
        rig.buffer.wait(
            waiting, for: RecordBuffer.Shortage(destination: .topic(other), bytes: 1000), isFirst: false)
        #expect(rig.take(1000, 1))
        rig.give(1, 1)
        #expect(rig.buffer.offer() == nil)
        #expect(rig.take(1000, 1))
        rig.give(2, 0)
        #expect(rig.buffer.offer() === waiting)
    }

    @Test func aTaskForEitherOfTwoBrokersIsWokenWhenOneHasRoom() {
        let rig = Rig(leaders: [0, 1, 2])
        while rig.take(1000, 0) || rig.take(1000, 1) {}
        let waiting = Promise<Void>()
        rig.buffer.wait(
            waiting, for: RecordBuffer.Shortage(destination: .topic(Rig.topic([0, 1, nil])), bytes: 1000),
            isFirst: false)
        #expect(rig.buffer.offer() == nil)
        #expect(rig.take(1000, 2))
        #expect(!rig.take(100, 1), "a newcomer")
        rig.give(10, 1)
        #expect(rig.buffer.offer() === waiting)
    }

    /// There may seem to be room although there is none. The task is woken once for each change, not in a loop.
    @Test func aTaskThatFoundNoRoomIsNotWokenBeforeSomethingChanges() {
        let rig = Rig(leaders: [0, 1])
        _ = rig.fill(0)
        let shortage = RecordBuffer.Shortage(destination: .topic(rig.topic), bytes: 1000)
        let first = Promise<Void>()
        rig.buffer.wait(first, for: shortage, isFirst: false)
        #expect(rig.buffer.offer() === first)
        rig.buffer.takeOfferBack()
        let again = Promise<Void>()
        rig.buffer.wait(again, for: shortage, isFirst: true)
        #expect(rig.buffer.offer() == nil)
        #expect(rig.take(1000, 1), "it blocks no other task")
        rig.give(1, 1)
        #expect(rig.buffer.offer() === again)
        rig.buffer.takeOfferBack()
        let third = Promise<Void>()
        rig.buffer.wait(third, for: shortage, isFirst: true)
        #expect(rig.buffer.offer() == nil)
        rig.buffer.leadersChanged()
        #expect(rig.buffer.offer() === third)
    }

    @Test func aTaskThatWaitsForAPartitionFollowsItToItsNextLeader() {
        let rig = Rig(leaders: [0, 1, 0])
        _ = rig.fill(0)
        let waiting = [Promise<Void>(), Promise<Void>()]
        for promise in waiting { rig.buffer.wait(promise, for: rig.shortage(2, 1000), isFirst: false) }
        #expect(rig.buffer.offer() == nil)
        rig.topic.partitions[2].leader = 1
        rig.buffer.assign(rig.topic.partitions[2])
        rig.buffer.leadersChanged()
        #expect(rig.buffer.offer() === waiting[0])
        #expect(rig.take(1000, 2, isOffered: true))
        #expect(rig.buffer.offer() === waiting[1], "in order")
    }

    @Test func aTaskThatNeedsMoreThanIsFreeIsNotOvertaken() {
        let rig = Rig(leaders: [0, 0])
        for _ in 0..<10 { #expect(rig.take(10_000, 0)) }
        let large = Promise<Void>()
        let small = Promise<Void>()
        rig.buffer.wait(large, for: rig.shortage(0, 15_000), isFirst: false)
        rig.buffer.wait(small, for: RecordBuffer.Shortage(destination: .topic(rig.topic), bytes: 1000), isFirst: false)
        rig.give(1, 0)
        #expect(rig.buffer.offer() == nil)
        #expect(!rig.take(1000, 1))
        rig.give(1, 0)
        #expect(rig.buffer.offer() === large)
        #expect(rig.take(15_000, 0, isOffered: true))
        let gone = Promise<Void>()
        rig.buffer.wait(gone, for: rig.shortage(0, 15_000), isFirst: true)
        #expect(rig.buffer.offer() == nil)
        rig.buffer.stopWaiting(gone)
        #expect(rig.buffer.offer() === small)
        rig.buffer.takeOfferBack()
        #expect(rig.take(1000, 1))
        #expect(rig.buffer.removeWaiters().isEmpty)
    }

    /// The sums are correct after any sequence of taking, moving and returning memory.
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64]) func theSharesAddUpToTheUsedMemory(seed: UInt64) {
        var state = seed
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let rig = Rig(leaders: [0, 1, 2, nil, 0])
        for _ in 0..<5000 {
            switch random(10) {
            case 0..<5: _ = rig.take(1 + random(5000), random(5))
            case 5..<9: rig.give(1, random(5))
            default:
                let partition = rig.topic.partitions[random(5)]
                partition.leader = random(4) == 0 ? nil : Int32(random(3))
                rig.buffer.assign(partition)
            }
            let taken = rig.batches.reduce(0) { $0 + $1.0.reserved }
            #expect(rig.buffer.free == Self.size - taken)
            #expect(rig.buffer.free >= 0)
            #expect(rig.buffer.holders.reduce(0) { $0 + $1.bytes } == taken)
            for partition in rig.topic.partitions {
                let own = rig.batches.filter { $0.1 === partition }.reduce(0) { $0 + $1.0.reserved }
                #expect(partition.reserved == own)
            }
        }
        for partition in 0..<5 { rig.give(.max, partition) }
        #expect(rig.buffer.free == Self.size)
        #expect(rig.buffer.holders.isEmpty)
    }
}
