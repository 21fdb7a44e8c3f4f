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

/// The partitions, positions and buffers of a consumer, event by event.
@Suite struct SubscriptionStateTests {
    private let partition = TopicPartition("t", 0)
    private let now = MonotonicTime(nanoseconds: 0)

    /// Partition 0 of `t`, read from offset 0 at broker 1 in leader epoch 0.
    private func reading(_ change: (inout SubscriptionState.Settings) -> Void = { _ in }) throws -> SubscriptionState {
        var settings = SubscriptionState.Settings()
        settings.autoOffsetReset = .earliest
        change(&settings)
        var state = SubscriptionState(settings)
        state.assign([self.partition])
        _ = state.metadataChanged(self.metadata())
        try state.seek(self.partition, to: FetchPosition(offset: 0))
        return state
    }

    private func metadata(leader: Int32 = 1, epoch: Int32 = 0, partitions: Int32 = 1) -> ClusterMetadata {
        let topic = TopicMetadata(
            name: "t",
            partitions: (0..<partitions).map { PartitionMetadata(index: $0, leader: leader, leaderEpoch: epoch) })
        return ClusterMetadata(version: 1, clusterID: nil, controllerID: nil, brokers: [:], topics: ["t": topic])
    }

    private func plan(_ state: inout SubscriptionState, from broker: Int32 = 1) throws -> (PlannedFetch, Int) {
        guard case .fetch(let fetches, let bytes) = state.planFetch(from: broker, now: self.now) else {
            throw KafkaError(.illegalState, "Nothing is fetched.")
        }
        return (try #require(fetches.first), bytes)
    }

    private func isPlanned(_ state: inout SubscriptionState, from broker: Int32 = 1) -> Bool {
        guard case .fetch(let fetches, let bytes) = state.planFetch(from: broker, now: self.now) else { return false }
        state.fetchEnded(fetches, maximumBytes: bytes, from: broker, now: self.now)
        return true
    }

    private func answer(
        _ state: inout SubscriptionState, _ planned: (PlannedFetch, Int), _ batches: [Bytes], from broker: Int32 = 1
    ) {
        state.fetchEnded([planned.0], maximumBytes: planned.1, from: broker, now: self.now)
        let chunk = FetchedChunk(LogBatch.joined(batches), aborted: AbortedTransactions())
        _ = state.fetched(
            planned.0, FetchAnswer(highWatermark: 100, chunk: chunk), from: broker, now: self.now,
            backoff: .milliseconds(100))
    }

    private func take(_ state: inout SubscriptionState) throws -> TakenBatch? {
        switch state.take().0 {
        case .batch(let taken): taken
        case .failure(let failure): throw failure
        case .nothing: nil
        }
    }

    private func handOut(_ state: inout SubscriptionState, _ taken: TakenBatch) throws -> Bool {
        let storage = try RecordBatchStorage(
            taken.batch, records: taken.batch.records(), of: taken.partition, from: taken.start.offset)
        return state.handOut(taken, progress: nil, storage: storage)
    }

    @Test func aBatchOnItsWayToTheReaderIsNotLostWhenANewLeaderIsValidated() throws {
        var state = try self.reading()
        self.answer(
            &state, try self.plan(&state),
            [try LogBatch.records(["a", "b"], at: 0), try LogBatch.records(["c"], at: 2)])
        let taken = try #require(try self.take(&state))
        #expect(taken.batch.baseOffset == 0)

        // During the decompression, the leader changes.
        _ = state.metadataChanged(self.metadata(leader: 2, epoch: 1))
        let isHandedOut = try self.handOut(&state, taken)
        #expect(!isHandedOut)
        let lookup = try #require(state.beginLookups(now: self.now).due.first)
        #expect(lookup.kind == .endOfEpoch(0))
        _ = state.endOfEpochFound(lookup, endOffset: 3)

        let again = try #require(try self.take(&state))
        #expect(again.batch.baseOffset == 0)
        let isInHand = try self.handOut(&state, again)
        #expect(isInHand)
        let next = try self.take(&state)
        #expect(next?.batch.baseOffset == 2)
    }

    @Test func nothingIsFetchedAfterADamagedBatchUntilTheReaderHasTheError() throws {
        var state = try self.reading()
        let unknownFormat = LogBatch.damaged(try LogBatch.records(["b"], at: 1), at: 16)
        self.answer(&state, try self.plan(&state), [try LogBatch.records(["a"], at: 0), unknownFormat])
        #expect(!self.isPlanned(&state))

        let taken = try #require(try self.take(&state))
        _ = try self.handOut(&state, taken)
        #expect(!self.isPlanned(&state))
        _ = state.readerAsked()
        let failure = #expect(throws: KafkaError.self) { _ = try self.take(&state) }
        #expect(failure?.code == .corruptRecord)
        #expect(failure?.topic == "t" && failure?.partition == 0)
        #expect(failure?.message.contains("offset 1") == true)
        #expect(failure?.message.contains("seek") == true)
        // The position stays before it, so that it is read if it gets repaired.
        let planned = try self.plan(&state)
        #expect(planned.0.request.fetchOffset == 1)
    }

    @Test func aHangingLeaderDoesNotKeepItsPartitionsFromTheNextOne() throws {
        var state = try self.reading()
        let old = try self.plan(&state)
        _ = state.metadataChanged(self.metadata(leader: 2, epoch: 1))
        let new = try self.plan(&state, from: 2)
        #expect(new.0.request.leaderEpoch == 1)

        // A late answer of the old leader may not be in the new log, and the fetch at the new leader is still in
        // flight.
        self.answer(&state, old, [try LogBatch.records(["old"], at: 0)])
        #expect(try self.take(&state) == nil)
        #expect(!self.isPlanned(&state, from: 2))
        self.answer(&state, new, [try LogBatch.records(["new", "new"], at: 0, leaderEpoch: 1)], from: 2)
        #expect(try self.take(&state)?.batch.count == 2)
        #expect(state.reservedBytes == 0)
    }

    @Test func anAnswerForARemovedPartitionIsNotUsedForItsSuccessor() throws {
        var state = try self.reading { $0.hasGroup = true }
        try state.seek(self.partition, to: FetchPosition(offset: 5))
        state.remove(self.partition)
        state.assign([self.partition])
        let first = try #require(state.beginLookups(now: self.now).due.first)
        state.remove(self.partition)
        state.assign([self.partition])
        let second = try #require(state.beginLookups(now: self.now).due.first)

        // Another member has committed 90 meanwhile.
        _ = state.committedFound(first, OffsetAndMetadata(offset: 50))
        #expect(state.partitions[self.partition]?.hasPosition == false)
        _ = state.committedFound(second, OffsetAndMetadata(offset: 90))
        #expect(state.partitions[self.partition]?.position.offset == 90)
    }

    @Test func anAnswerAfterASeekIsDropped() throws {
        var state = try self.reading()
        let before = try self.plan(&state)
        try state.seek(self.partition, to: FetchPosition(offset: 7))
        self.answer(&state, before, [try LogBatch.records(["a"], at: 0)])
        #expect(try self.take(&state) == nil)
        // A seek to the same offset means that it is read again.
        let again = try self.plan(&state)
        try state.seek(self.partition, to: FetchPosition(offset: 7))
        self.answer(&state, again, [try LogBatch.records(["b"], at: 7)])
        #expect(try self.take(&state) == nil)
        #expect(state.bufferedBytes == 0)
    }

    @Test func aValidationAtAnOldLeaderDoesNotCount() throws {
        var state = try self.reading()
        try state.seek(self.partition, to: FetchPosition(offset: 10, epoch: 0))
        _ = state.metadataChanged(self.metadata(leader: 2, epoch: 1))
        let old = try #require(state.beginLookups(now: self.now).due.first)
        _ = state.metadataChanged(self.metadata(leader: 3, epoch: 2))
        let new = try #require(state.beginLookups(now: self.now).due.first)
        #expect(new.leader == 3 && new.leaderEpoch == 2)
        _ = state.endOfEpochFound(old, endOffset: 10)
        #expect(state.partitions[self.partition]?.phase == .validating)
        _ = state.endOfEpochFound(new, endOffset: 4)
        #expect(state.partitions[self.partition]?.phase == .fetching)
        #expect(state.partitions[self.partition]?.position.offset == 4)
    }

    @Test func aBatchThatWasNotRequestedDoesNotCauseASpin() throws {
        var state = try self.reading()
        try state.seek(self.partition, to: FetchPosition(offset: 10))
        self.answer(&state, try self.plan(&state), [try LogBatch.records(["a"], at: 3)])
        #expect(state.partitions[self.partition]?.fetchPosition.offset == 10)
        #expect(!self.isPlanned(&state))
        #expect(state.bufferedBytes == 0)
    }

    @Test func thePrefetchIsBoundedInBytes() throws {
        let batch = try LogBatch.records([String(repeating: "x", count: 1000)], at: 0)
        var state = try self.reading {
            $0.maximumPrefetchBytes = 4000
            $0.maximumPartitionBytes = 100_000
        }
        var offset: Int64 = 0
        while self.isPlanned(&state) {
            let planned = try self.plan(&state)
            #expect(planned.1 <= 4000 - state.bufferedBytes)
            self.answer(
                &state, planned, [try LogBatch.parsed(batch).appended(atOffset: offset, partitionLeaderEpoch: 0)])
            offset += 1
            guard offset < 100 else { break }
        }
        #expect(offset < 5)
        #expect(state.bufferedBytes < 4000 + batch.count)
        // When the reader has processed a batch, there is room again, of which the fetchers are told.
        _ = try self.handOut(&state, #require(try self.take(&state)))
        #expect(!self.isPlanned(&state))
        _ = state.readerAsked()
        #expect(state.take().1.contains(.fetchers))
        #expect(self.isPlanned(&state))
    }

    @Test func anAnswerTakesRoomUntilAllOfItHasBeenRead() throws {
        let others = (1...2).map { TopicPartition("t", $0) }
        var state = try self.reading { $0.maximumPrefetchBytes = 4000 }
        state.add(others)
        for partition in others { try state.seek(partition, to: FetchPosition(offset: 0)) }
        _ = state.metadataChanged(self.metadata(partitions: 3))
        guard case .fetch(let fetches, let bytes) = state.planFetch(from: 1, now: self.now) else {
            throw KafkaError(.illegalState, "Nothing is fetched.")
        }
        #expect(bytes == 2000)
        state.fetchEnded(fetches, maximumBytes: bytes, from: 1, now: self.now)
        var whole: FetchedAnswer? = FetchedAnswer(byteCount: 2000, in: state.held)
        for fetch in fetches {
            let chunk = FetchedChunk(try LogBatch.records(["a"], at: 0), aborted: AbortedTransactions())
            _ = try state.fetched(
                fetch, FetchAnswer(highWatermark: 1, chunk: chunk), of: #require(whole), from: 1, now: self.now,
                backoff: .seconds(1))
        }
        whole = nil
        for _ in fetches {
            #expect(state.held.count == 2000)
            let taken = try #require(try self.take(&state))
            _ = try self.handOut(&state, taken)
            #expect(state.held.count == 2000)
            _ = state.readerAsked()
        }
        #expect(state.held.count == 0)
    }

    @Test func aPartitionWhoseBufferIsDroppedDuringALookUpIsLookedUpAgain() throws {
        var state = try self.reading { $0.maximumPrefetchBytes = 100 }
        self.answer(&state, try self.plan(&state), [try LogBatch.records([String(repeating: "x", count: 200)], at: 0)])
        state.partitions[self.partition]?.isPaused = true
        _ = state.metadataChanged(self.metadata(epoch: 1))
        let outdated = try #require(state.beginLookups(now: self.now).due.first)
        // Another partition needs the room.
        let other = TopicPartition("t", 1)
        state.add([other])
        try state.seek(other, to: FetchPosition(offset: 0))
        _ = state.metadataChanged(self.metadata(epoch: 1, partitions: 2))
        #expect(self.isPlanned(&state))
        #expect(state.held.count == 0)
        #expect(state.endOfEpochFound(outdated, endOffset: nil).contains(.positions))
        state.partitions[self.partition]?.isPaused = false
        for lookup in state.beginLookups(now: self.now).due { _ = state.endOfEpochFound(lookup, endOffset: nil) }
        #expect(state.partitions[self.partition]?.isFetchable == true)
    }

    @Test func aPartitionWithAPositionInDoubtDoesNotKeepTheOthersFromBeingRead() throws {
        var state = try self.reading { $0.maximumPrefetchBytes = 100 }
        self.answer(&state, try self.plan(&state), [try LogBatch.records([String(repeating: "x", count: 200)], at: 0)])
        let other = TopicPartition("t", 1)
        state.add([other])
        try state.seek(other, to: FetchPosition(offset: 0))
        _ = state.metadataChanged(self.metadata(epoch: 1, partitions: 2))
        #expect(state.partitions[self.partition]?.isReadable == false)
        guard case .fetch(let fetches, _) = state.planFetch(from: 1, now: self.now) else {
            Issue.record("Nothing is fetched.")
            return
        }
        #expect(fetches.map(\.partition) == [other])
    }

    @Test func oneBrokersPartitionsDoNotTakeTheWholeBuffer() throws {
        var settings = SubscriptionState.Settings()
        settings.maximumPrefetchBytes = 3000
        settings.maximumPartitionBytes = 1000
        var state = SubscriptionState(settings)
        // Broker 1 leads many partitions, brokers 2 and 3 one each.
        let all = (Int32(0)..<12).map { TopicPartition("t", $0) }
        func leader(_ partition: Int32) -> Int32 { partition == 10 ? 2 : partition == 11 ? 3 : 1 }
        state.assign(all)
        let partitions = all.map {
            PartitionMetadata(index: $0.partition, leader: leader($0.partition), leaderEpoch: 0)
        }
        _ = state.metadataChanged(
            ClusterMetadata(
                version: 1, clusterID: nil, controllerID: nil, brokers: [:],
                topics: ["t": TopicMetadata(name: "t", partitions: partitions)]))
        for partition in all { try state.seek(partition, to: FetchPosition(offset: 0)) }
        for round in 0..<3 {
            for broker in Int32(1)...3 {
                guard case .fetch(let fetches, let bytes) = state.planFetch(from: broker, now: self.now) else {
                    Issue.record("Nothing is fetched from broker \(broker) in round \(round).")
                    continue
                }
                #expect(bytes == 500)
                // Broker 1 answers immediately and is asked again before the others.
                if broker == 1 { state.fetchEnded(fetches, maximumBytes: bytes, from: 1, now: self.now) }
                if broker == 1, case .nothing = state.take().0 { _ = self.isPlanned(&state) }
                if broker > 1 { state.fetchEnded(fetches, maximumBytes: bytes, from: broker, now: self.now) }
            }
        }
        #expect(state.reservedBytes == 0)
    }

    @Test func aPositionIsFoundOnRequestWhilePartitionsAreRevoked() throws {
        var state = SubscriptionState(SubscriptionState.Settings(hasGroup: true))
        state.add([self.partition], arriving: true)
        _ = state.metadataChanged(self.metadata())
        state.arrived([self.partition])
        state.beginRevoking([self.partition])
        #expect(state.beginLookups(now: self.now).due.isEmpty)
        state.partitions[self.partition]?.isPositionWanted = true
        #expect(state.beginLookups(now: self.now).due.map(\.kind) == [.committed])
    }

    @Test func aStepTouchesNoOtherPartitions() throws {
        var state = try self.reading()
        let (second, third) = (TopicPartition("t", 1), TopicPartition("t", 2))
        state.add([second], arriving: true)
        state.add([third], arriving: true)
        #expect(state.assignment == [self.partition, second, third])
        #expect(state.partitions[self.partition]?.isReadable == true)
        state.arrived([second])
        #expect(state.partitions[second]?.isArriving == false)
        #expect(state.partitions[third]?.isArriving == true)
    }

    @Test func aLookUpThatTheOldLeaderDidNotAnswerIsSentToTheNewOne() throws {
        var state = try self.reading()
        _ = try state.beginSeek(self.partition, .resetting(.latest))
        let old = try #require(state.beginLookups(now: self.now).due.first)
        #expect(state.beginLookups(now: self.now).due.isEmpty)
        _ = state.metadataChanged(self.metadata(leader: 2, epoch: 1))
        let new = try #require(state.beginLookups(now: self.now).due.first)
        #expect(new.leader == 2)
        _ = state.offsetFound(old, offset: 5, epoch: 0)
        #expect(state.partitions[self.partition]?.hasPosition == false)
        _ = state.offsetFound(new, offset: 7, epoch: 1)
        #expect(state.partitions[self.partition]?.position.offset == 7)
    }

    @Test func theLeaderIsAskedWhenThePreferredReplicaExpires() throws {
        var state = try self.reading { $0.preferredReplicaLifetime = .seconds(10) }
        let toLeader = try self.plan(&state)
        state.fetchEnded([toLeader.0], maximumBytes: toLeader.1, from: 1, now: self.now)
        _ = state.fetched(
            toLeader.0, FetchAnswer(preferredReplica: 2), from: 1, now: self.now, backoff: .milliseconds(100))
        let toReplica = try self.plan(&state, from: 2)
        let end = self.now + .seconds(10)
        #expect(state.nextReturnToLeader(now: self.now) == end)
        // The replica's fetch takes long. The leader's fetcher has nothing to do meanwhile and has to be woken when
        // that changes.
        guard case .wait(nil) = state.planFetch(from: 1, now: end) else {
            Issue.record("Two are asked at once.")
            return
        }
        let wakening = state.fetchEnded([toReplica.0], maximumBytes: toReplica.1, from: 2, now: end)
        #expect(wakening.contains(.fetchers))
        guard case .fetch = state.planFetch(from: 1, now: end) else {
            Issue.record("The leader is not asked.")
            return
        }
    }

    @Test func aFetcherWithoutRoomIsWokenWhenAnotherFetchEnds() throws {
        var settings = SubscriptionState.Settings()
        settings.maximumPrefetchBytes = 1000
        settings.maximumPartitionBytes = 2000
        var state = SubscriptionState(settings)
        let both = [TopicPartition("t", 0), TopicPartition("t", 1)]
        func lead(second: Int32) {
            let partitions = [
                PartitionMetadata(index: 0, leader: 1, leaderEpoch: 0),
                PartitionMetadata(index: 1, leader: second, leaderEpoch: second - 1),
            ]
            _ = state.metadataChanged(
                ClusterMetadata(
                    version: 1, clusterID: nil, controllerID: nil, brokers: [:],
                    topics: ["t": TopicMetadata(name: "t", partitions: partitions)]))
        }
        state.assign(both)
        lead(second: 1)
        for partition in both { try state.seek(partition, to: FetchPosition(offset: 0)) }
        let batch = try LogBatch.records([String(repeating: "x", count: 500)], at: 0)
        guard case .fetch(let first, let firstBytes) = state.planFetch(from: 1, now: self.now) else {
            Issue.record("Nothing is fetched.")
            return
        }
        state.fetchEnded(first, maximumBytes: firstBytes, from: 1, now: self.now)
        _ = state.fetched(
            try #require(first.first { $0.partition == both[0] }),
            FetchAnswer(highWatermark: 100, chunk: FetchedChunk(batch, aborted: AbortedTransactions())), from: 1,
            now: self.now, backoff: .seconds(1))
        guard case .fetch(let fetches, let bytes) = state.planFetch(from: 1, now: self.now) else {
            Issue.record("Nothing is fetched.")
            return
        }
        #expect(bytes == 1000 - batch.count)
        // The only broker uses the whole buffer. Now there is another one.
        lead(second: 2)
        #expect(!self.isPlanned(&state, from: 2))
        let wakening = state.fetchEnded(fetches, maximumBytes: bytes, from: 1, now: self.now)
        #expect(wakening.contains(.fetchers))
        #expect(self.isPlanned(&state, from: 2))
    }

    @Test func aPartitionIsQueuedForItsTurnOnce() throws {
        var state = try self.reading()
        // Commits move past batches without records, while no task reads.
        for offset in stride(from: Int64(0), to: 40, by: 10) {
            self.answer(&state, try self.plan(&state), [try LogBatch.compactedAway(from: offset, to: offset + 9)])
            _ = state.passUnseen()
        }
        #expect(state.partitions[self.partition]?.position.offset == 40)
        #expect(state.turns.count == 1)
        state.assign([])
        state.assign([self.partition])
        _ = state.metadataChanged(self.metadata())
        try state.seek(self.partition, to: FetchPosition(offset: 40))
        self.answer(&state, try self.plan(&state), [try LogBatch.records(["a"], at: 40)])
        #expect(state.turns.count == 1)
        let taken = try self.take(&state)
        #expect(taken?.batch.baseOffset == 40)
    }

    @Test func aPauseOutlivesARebalance() throws {
        var state = try self.reading { $0.hasGroup = true }
        try state.setPaused(true, [self.partition])
        state.release([self.partition])
        state.assign([self.partition])
        #expect(state.paused == [self.partition])
        // The pause isn't remembered after `resume`.
        try state.setPaused(false, [self.partition])
        state.release([self.partition])
        state.assign([self.partition])
        #expect(state.paused == [])
    }
}
