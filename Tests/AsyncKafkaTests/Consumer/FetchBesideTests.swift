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

/// Fetches beside another that delays, failures or empty answers keep from returning records.
@Suite(.timeLimit(.minutes(1))) struct FetchBesideTests {
    private let partition = TopicPartition("t", 0)
    private let now = MonotonicTime(nanoseconds: 0)

    /// A partition that was moved while its broker has a fetch in flight.
    private func moved() throws -> SubscriptionState { try self.movedDuring().0 }

    /// The same, with the fetch in flight.
    private func movedDuring() throws -> (SubscriptionState, own: FetchPlan) {
        var state = SubscriptionState(SubscriptionState.Settings())
        state.assign([self.partition])
        let topic = TopicMetadata(name: "t", partitions: [PartitionMetadata(index: 0, leader: 1, leaderEpoch: 0)])
        _ = state.metadataChanged(
            ClusterMetadata(version: 1, clusterID: nil, controllerID: nil, brokers: [:], topics: ["t": topic]))
        try state.seek(self.partition, to: FetchPosition(offset: 5))
        let own = state.planFetch(from: 1, now: self.now)
        try state.seek(self.partition, to: FetchPosition(offset: 0))
        return (state, own)
    }

    private func answer(_ state: inout SubscriptionState, _ answer: FetchAnswer) throws {
        let beside = try #require(state.planFetchesBeside(now: self.now).fetches.first)
        state.fetchEnded(beside.fetches, maximumBytes: beside.maximumBytes, from: 1, now: self.now)
        _ = state.fetched(beside.fetches[0], answer, from: 1, now: self.now, backoff: .seconds(1))
    }

    @Test func aDelayedPartitionIsPlannedWhenItsTimeComes() throws {
        var state = try self.moved()
        let later = self.now + .seconds(1)
        state.partitions[self.partition]?.notBefore = later
        let plan = state.planFetchesBeside(now: self.now)
        #expect(plan.fetches.isEmpty)
        #expect(plan.next == later)
        #expect(state.planFetchesBeside(now: later).fetches.count == 1)
    }

    @Test func aFailedFetchIsRetriedLater() throws {
        var state = try self.moved()
        let beside = try #require(state.planFetchesBeside(now: self.now).fetches.first)
        state.fetchEnded(beside.fetches, maximumBytes: beside.maximumBytes, from: 1, now: self.now)
        let later = self.now + .seconds(1)
        state.fetchFailed(beside.fetches, retryAt: later)
        #expect(state.planFetchesBeside(now: self.now).next == later)
        #expect(state.planFetchesBeside(now: later).fetches.count == 1)
    }

    @Test func aRefusedFetchIsRetriedLater() throws {
        var state = try self.moved()
        try self.answer(&state, FetchAnswer(error: .unknownServerError))
        let later = self.now + .seconds(1)
        #expect(state.planFetchesBeside(now: self.now).next == later)
        #expect(state.planFetchesBeside(now: later).fetches.count == 1)
    }

    @Test func aTruncatedAnswerIsFetchedInFull() throws {
        var state = try self.moved()
        let batch = try LogBatch.records([String(repeating: "a", count: 1000)], at: 0)
        let part = Bytes(Array(batch).prefix(500))
        try self.answer(&state, FetchAnswer(chunk: FetchedChunk(part, aborted: AbortedTransactions())))
        #expect(state.planFetchesBeside(now: self.now).fetches.count == 1)
    }

    @Test func afterAnEmptyAnswerThePartitionWaitsForTheBrokersNextFetch() throws {
        var state = try self.moved()
        try self.answer(&state, FetchAnswer(highWatermark: 0))
        let plan = state.planFetchesBeside(now: self.now)
        #expect(plan.fetches.isEmpty && plan.next == nil)
    }

    @Test func partitionsThatAreMovedOneByOneAreFetchedWithinTheBuffer() throws {
        var settings = SubscriptionState.Settings()
        settings.maximumPrefetchBytes = 10_000
        settings.maximumPartitionBytes = 1000
        var state = SubscriptionState(settings)
        let all = (Int32(0)..<100).map { TopicPartition("t", $0) }
        state.assign(all)
        let topic = TopicMetadata(
            name: "t", partitions: all.map { PartitionMetadata(index: $0.partition, leader: 1, leaderEpoch: 0) })
        _ = state.metadataChanged(
            ClusterMetadata(version: 1, clusterID: nil, controllerID: nil, brokers: [:], topics: ["t": topic]))
        for partition in all { try state.seek(partition, to: FetchPosition(offset: 5)) }
        guard case .fetch = state.planFetch(from: 1, now: self.now) else {
            Issue.record("There is nothing to fetch.")
            return
        }
        var besides: [FetchBeside] = []
        for partition in all {
            try state.seek(partition, to: FetchPosition(offset: 0))
            besides += state.planFetchesBeside(now: self.now).fetches
        }
        #expect(state.reservedBytes <= 10_000)
        #expect((2..<10).contains(besides.count))
        // Those that found no room have their turn when one ends.
        let ended = try #require(besides.first)
        #expect(
            state.fetchEnded(ended.fetches, maximumBytes: ended.maximumBytes, from: 1, now: self.now).contains(
                .fetchers))
        #expect(!state.planFetchesBeside(now: self.now).fetches.isEmpty)
    }

    /// The broker's own fetch ends while the one beside it waits, and can't include the partition then.
    @Test func aFetchBesideThatOutlastsTheOtherLetsTheBrokersLoopGoOn() throws {
        var (state, plan) = try self.movedDuring()
        guard case .fetch(let own, let bytes) = plan else {
            Issue.record("There is nothing to fetch.")
            return
        }
        let beside = try #require(state.planFetchesBeside(now: self.now).fetches.first)
        state.fetchEnded(own, maximumBytes: bytes, from: 1, now: self.now)
        guard case .wait(until: nil) = state.planFetch(from: 1, now: self.now) else {
            Issue.record("The partition is fetched twice at once.")
            return
        }
        let ended = state.fetchEnded(beside.fetches, maximumBytes: beside.maximumBytes, from: 1, now: self.now)
        let answered = state.fetched(
            beside.fetches[0], FetchAnswer(highWatermark: 0), from: 1, now: self.now, backoff: .seconds(1))
        #expect(ended.union(answered).contains(.fetchers))
        guard case .fetch = state.planFetch(from: 1, now: self.now) else {
            Issue.record("The partition is not fetched.")
            return
        }
    }

    @Test func aMovedPartitionIsReadAlthoughItsFirstFetchIsRefusedAndTheBrokerWaitsWithAnother() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 3)
            var configuration = kafka.consuming()
            configuration.fetchMaxWait = .seconds(40)
            configuration.cluster.requestTimeout = .seconds(100)
            configuration.cluster.apiTimeout = .seconds(200)
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                while try await consumer.poll(timeout: .seconds(20)).last?.offset != 2 {}
                // By now the broker waits with the next fetch.
                _ = try await consumer.poll(timeout: .milliseconds(200))
                let fault = kafka.rewrite(FetchRequest.self) { _, _, response in
                    response.responses[0].partitions[0].errorCode = .unknownServerError
                    response.responses[0].partitions[0].records = nil
                }
                try await consumer.seek(self.partition, to: .offset(0))
                let records = try await consumer.poll(timeout: .seconds(20))
                #expect(records.first?.text == "v0")
                #expect(fault.hits == 1)
                // This ends the fetch, so that closing needn't wait for it.
                try await kafka.fill("t", 1)
            }
        }
    }
}
