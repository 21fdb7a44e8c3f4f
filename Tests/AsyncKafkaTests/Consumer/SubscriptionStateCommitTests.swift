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

/// Which offsets are committed, and when they are repeated.
@Suite struct SubscriptionStateCommitTests {
    private let partition = TopicPartition("t", 0)
    private let now = MonotonicTime(nanoseconds: 0)

    private func metadata(version: Int = 1, id: UInt64) -> ClusterMetadata {
        let topic = TopicMetadata(
            name: "t", id: KafkaUUID(high: 0, low: id),
            partitions: [PartitionMetadata(index: 0, leader: 1, leaderEpoch: 0)])
        return ClusterMetadata(version: version, clusterID: nil, controllerID: nil, brokers: [:], topics: ["t": topic])
    }

    private func reading(from offset: Int64) throws -> SubscriptionState {
        var settings = SubscriptionState.Settings()
        settings.hasGroup = true
        var state = SubscriptionState(settings)
        state.assign([self.partition])
        _ = state.metadataChanged(self.metadata(id: 1))
        try state.seek(self.partition, to: FetchPosition(offset: offset))
        return state
    }

    @Test func anAutomaticCommitIsRepeatedAfterAMinuteAlthoughNothingHasChanged() throws {
        var state = try self.reading(from: 5)
        let offsets = state.askedPastOffsets(now: self.now)
        #expect(offsets == [self.partition: OffsetAndMetadata(offset: 5)])
        state.committed(offsets, now: self.now)
        #expect(state.askedPastOffsets(now: self.now + .seconds(59)) == [:])
        #expect(state.askedPastOffsets(now: self.now + .seconds(60)) == offsets)
        state.committed(offsets, now: self.now + .seconds(60))
        #expect(state.askedPastOffsets(now: self.now + .seconds(61)) == [:])
        // An explicit commit is sent each time.
        #expect(state.handedOutOffsets == offsets)
    }

    @Test func aCommittedOffsetThatWasLookedUpIsRepeatedAfterAMinute() throws {
        var state = SubscriptionState(SubscriptionState.Settings(hasGroup: true))
        state.assign([self.partition])
        _ = state.metadataChanged(self.metadata(id: 1))
        let lookup = try #require(state.beginLookups(now: self.now).due.first)
        _ = state.committedFound(lookup, OffsetAndMetadata(offset: 7))
        #expect(state.askedPastOffsets(now: self.now + .seconds(1)) == [:])
        #expect(state.askedPastOffsets(now: self.now + .seconds(60)).count == 1)
    }

    @Test func committedOffsetsAreLookedUpAgainUntilSomethingElseDecidesOnThePosition() throws {
        var state = SubscriptionState(SubscriptionState.Settings(autoOffsetReset: .earliest, hasGroup: true))
        state.subscription = .partitions
        state.assign([self.partition])
        _ = state.metadataChanged(self.metadata(id: 1))
        func nextLookup() throws -> PositionLookup { try #require(state.beginLookups(now: self.now).due.first) }
        // The answer that is on its way is outdated.
        let outdated = try nextLookup()
        state.lookUpCommittedAgain()
        _ = state.committedFound(outdated, OffsetAndMetadata(offset: 5))
        // The group has no offset, so that the policy decides.
        _ = state.committedFound(try nextLookup(), nil)
        _ = state.offsetFound(try nextLookup(), offset: 2, epoch: nil)
        #expect(try state.require(self.partition).position.offset == 2)
        // A place that the reader has chosen stays, also while the group has no offset.
        var seeking = state
        try seeking.seek(self.partition, to: FetchPosition(offset: 4))
        seeking.lookUpCommittedAgain()
        #expect(seeking.beginLookups(now: self.now).due.isEmpty)
        #expect(try seeking.require(self.partition).position.offset == 4)
        state.lookUpCommittedAgain()
        #expect(try nextLookup().kind == .committed)
        state.lookUpCommittedAgain()
        _ = state.committedFound(try nextLookup(), OffsetAndMetadata(offset: 7))
        #expect(try state.require(self.partition).position.offset == 7)
        try state.seek(self.partition, to: FetchPosition(offset: 3))
        state.lookUpCommittedAgain()
        #expect(state.beginLookups(now: self.now).due.isEmpty)
        #expect(try state.require(self.partition).position.offset == 3)
    }

    @Test func processedOffsetsOfARecreatedTopicAreDropped() throws {
        var state = try self.reading(from: 5)
        state.leaveBehind([self.partition], now: self.now)
        state.assign([])
        #expect(state.askedPastOffsets(now: self.now) == [self.partition: OffsetAndMetadata(offset: 5)])
        _ = state.metadataChanged(self.metadata(version: 2, id: 2))
        #expect(state.askedPastOffsets(now: self.now) == [:])
    }

    @Test func outdatedMetadataTakesNothingBack() throws {
        var state = try self.reading(from: 5)
        _ = state.metadataChanged(self.metadata(version: 3, id: 2))
        try state.seek(self.partition, to: FetchPosition(offset: 7))
        // Older metadata that is processed late.
        _ = state.metadataChanged(self.metadata(version: 2, id: 1))
        #expect(state.partitions[self.partition]?.topicID.low == 2)
        #expect(state.askedPastOffsets(now: self.now)[self.partition]?.offset == 7)
        // A new partition uses the newest known metadata.
        state.assign([])
        state.assign([self.partition])
        _ = state.metadataChanged(self.metadata(version: 2, id: 1))
        #expect(state.partitions[self.partition]?.topicID.low == 2)
        #expect(state.partitions[self.partition]?.leader == 1)
    }

    @Test func outdatedMetadataRemovesNoPartitionsWithoutAGroup() throws {
        func metadata(version: Int, count: Int32) -> ClusterMetadata {
            let partitions = (0..<count).map { PartitionMetadata(index: $0, leader: 1, leaderEpoch: 0) }
            return ClusterMetadata(
                version: version, clusterID: nil, controllerID: nil, brokers: [:],
                topics: ["t": TopicMetadata(name: "t", partitions: partitions)])
        }
        var cluster = KafkaClientConfiguration(bootstrapServers: ["127.0.0.1:1"])
        cluster.log = SilentLog()
        let consumer = try KafkaConsumer(ConsumerConfiguration(cluster))
        try consumer.subscribe(to: ["t"])
        consumer.core.metadataChanged(metadata(version: 3, count: 2))
        #expect(consumer.assignment.count == 2)
        consumer.core.subscriptionMayHaveChanged(metadata(version: 2, count: 1))
        #expect(consumer.assignment.count == 2)
    }

    @Test func committedOffsetsOfARecreatedTopicAreForgotten() throws {
        var state = try self.reading(from: 5)
        state.committed([self.partition: OffsetAndMetadata(offset: 5)], now: self.now)
        _ = state.metadataChanged(self.metadata(version: 2, id: 2))
        #expect(state.handedOutOffsets == [:])
        #expect(state.partitions[self.partition]?.phase == .resetting(.latest))
        // The new log happens to end at the same offset.
        let lookup = try #require(state.beginLookups(now: self.now).due.first)
        _ = state.offsetFound(lookup, offset: 5, epoch: 0)
        #expect(state.askedPastOffsets(now: self.now).count == 1)
    }
}
