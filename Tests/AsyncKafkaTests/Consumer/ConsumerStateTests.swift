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

/// Which batches a reader receives after its session has ended.
@Suite struct ConsumerStateTests {
    private let partition = TopicPartition("t", 0)
    private let now = MembershipFixture.now

    /// A member with a buffered batch of its partition.
    private func member() throws -> ConsumerState {
        var subscriptions = SubscriptionState(SubscriptionState.Settings(hasGroup: true))
        subscriptions.assign([self.partition])
        let topic = TopicMetadata(name: "t", partitions: [PartitionMetadata(index: 0, leader: 1, leaderEpoch: 0)])
        _ = subscriptions.metadataChanged(
            ClusterMetadata(version: 1, clusterID: nil, controllerID: nil, brokers: [:], topics: ["t": topic]))
        try subscriptions.seek(self.partition, to: FetchPosition(offset: 0))
        guard case .fetch(let fetches, let bytes) = subscriptions.planFetch(from: 1, now: self.now) else {
            throw KafkaError(.illegalState, "Nothing is fetched.")
        }
        subscriptions.fetchEnded(fetches, maximumBytes: bytes, from: 1, now: self.now)
        let chunk = FetchedChunk(try LogBatch.records(["a", "b"], at: 0), aborted: AbortedTransactions())
        _ = subscriptions.fetched(
            fetches[0], FetchAnswer(chunk: chunk), from: 1, now: self.now, backoff: .milliseconds(100))
        return ConsumerState(subscriptions, membership: .classic(MembershipFixture.machine("stable")))
    }

    private func take(_ state: inout ConsumerState) throws -> TakenBatch {
        guard case .batch(let taken) = state.nextForReader(now: self.now).0 else {
            throw KafkaError(.illegalState, "Nothing is there.")
        }
        return taken
    }

    private func handOut(_ taken: TakenBatch, _ state: inout ConsumerState, now: MonotonicTime) throws -> Bool {
        let storage = try RecordBatchStorage(
            taken.batch, records: taken.batch.records(), of: taken.partition, from: taken.start.offset)
        return state.handOut(taken, progress: nil, storage: storage, now: now)
    }

    @Test func aBatchIsNotDeliveredIfTheSessionEndedDuringItsDecompression() throws {
        var state = try self.member()
        let taken = try self.take(&state)
        let isLate = try self.handOut(taken, &state, now: self.now + .seconds(45))
        #expect(!isLate)
        #expect(state.subscriptions.inHand == nil)
        // If the group still knows the member after all, the batch is available.
        let again = try self.take(&state)
        #expect(again.batch.baseOffset == 0)
        let isInHand = try self.handOut(again, &state, now: self.now + .seconds(44))
        #expect(isInHand)
    }

    @Test func aBatchIsNotDeliveredAfterItsPartitionIsLost() throws {
        var state = try self.member()
        let taken = try self.take(&state)
        let identity = try #require(state.membership.committer)
        state.membership.refused(MembershipFixture.error(.unknownMemberId), sender: identity)
        let isInHand = try self.handOut(taken, &state, now: self.now)
        #expect(!isInHand)
        guard case .step(.lost) = state.nextForReader(now: self.now).0 else {
            Issue.record("The reader does not hear of the loss.")
            return
        }
    }
}
