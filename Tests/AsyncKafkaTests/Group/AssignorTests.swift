// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTestSupport
import Testing

@testable import AsyncKafka

@Suite struct AssignorTests {
    private func member(_ id: String, _ topics: Set<String>, instance: String? = nil) -> GroupMemberSubscription {
        GroupMemberSubscription(memberID: id, groupInstanceID: instance, topics: topics)
    }

    private func topics(_ counts: [String: Int]) -> [String: AssignableTopic] {
        counts.mapValues { AssignableTopic(partitionCount: $0) }
    }

    private func text(_ assignment: [String: [TopicPartition]]) -> [String: String] {
        assignment.mapValues { $0.map(\.description).joined(separator: " ") }
    }

    // The expected values are those of Kafka's RangeAssignorTest and RoundRobinAssignorTest.

    @Test func rangeGivesTheFirstMembersOneMore() {
        let members = [self.member("c2", ["t1", "t2"]), self.member("c1", ["t1", "t2"])]
        let result = RangeAssignor().assign(members, topics: self.topics(["t1": 3, "t2": 3]))
        #expect(self.text(result) == ["c1": "t1-0 t1-1 t2-0 t2-1", "c2": "t1-2 t2-2"])
    }

    @Test func rangeAssignsOnlyToSubscribers() {
        let members = [
            self.member("c1", ["t1"]), self.member("c2", ["t1", "t2"]), self.member("c3", ["t1"]),
        ]
        let result = RangeAssignor().assign(members, topics: self.topics(["t1": 3, "t2": 2]))
        #expect(self.text(result) == ["c1": "t1-0", "c2": "t1-1 t2-0 t2-1", "c3": "t1-2"])
    }

    @Test func roundRobinContinuesAcrossTopics() {
        let members = [self.member("c1", ["t1", "t2"]), self.member("c2", ["t1", "t2"])]
        let result = RoundRobinAssignor().assign(members, topics: self.topics(["t1": 3, "t2": 3]))
        #expect(self.text(result) == ["c1": "t1-0 t1-2 t2-1", "c2": "t1-1 t2-0 t2-2"])
    }

    @Test func roundRobinSkipsMembersThatDoNotSubscribe() {
        let members = [
            self.member("c1", ["t1"]), self.member("c2", ["t1", "t2"]), self.member("c3", ["t1"]),
        ]
        let result = RoundRobinAssignor().assign(members, topics: self.topics(["t1": 3, "t2": 2]))
        #expect(self.text(result) == ["c1": "t1-0", "c2": "t1-1 t2-0 t2-1", "c3": "t1-2"])
    }

    @Test(arguments: [RangeAssignor() as any ConsumerPartitionAssignor, RoundRobinAssignor()])
    func staticMembersAreSortedByInstanceID(assignor: any ConsumerPartitionAssignor) {
        // Member ids change when a static member restarts; its partitions must not.
        let before = assignor.assign(
            [self.member("x", ["t"], instance: "i1"), self.member("a", ["t"], instance: "i2")],
            topics: self.topics(["t": 2]))
        let after = assignor.assign(
            [self.member("b", ["t"], instance: "i1"), self.member("z", ["t"], instance: "i2")],
            topics: self.topics(["t": 2]))
        #expect(before["x"] == after["b"] && before["a"] == after["z"])
        #expect(before["x"] == [TopicPartition("t", 0)])
    }

    @Test(arguments: [RangeAssignor() as any ConsumerPartitionAssignor, RoundRobinAssignor()])
    func everyPartitionIsAssignedToExactlyOneSubscriber(assignor: any ConsumerPartitionAssignor) {
        var random = SeededRandom(17)
        for _ in 0..<200 {
            let counts = Dictionary((0..<4).map { ("t\($0)", Int.random(in: 0...7, using: &random)) }) { $1 }
            let members = (0..<Int.random(in: 1...5, using: &random)).map { index in
                self.member("m\(index)", Set(counts.keys.filter { _ in Bool.random(using: &random) }))
            }
            let result = assignor.assign(members, topics: self.topics(counts))
            #expect(Set(result.keys) == Set(members.map(\.memberID)))
            let given = result.values.flatMap { $0 }
            #expect(Set(given).count == given.count)
            let wanted = counts.filter { topic, _ in members.contains { $0.topics.contains(topic) } }
            #expect(given.count == wanted.values.reduce(0, +))
            for member in members {
                #expect(result[member.memberID]?.allSatisfy { member.topics.contains($0.topic) } == true)
            }
        }
    }

    @Test func emptyGroupsAndTopicsAreAccepted() {
        #expect(RangeAssignor().assign([], topics: self.topics(["t": 3])).isEmpty)
        #expect(RoundRobinAssignor().assign([], topics: self.topics(["t": 3])).isEmpty)
        #expect(RoundRobinAssignor().assign([self.member("m", ["t"])], topics: self.topics([:])) == ["m": []])
    }

    /// Whether the process's greatest use of memory can be told.
    private static let tellsPeaks = HeapUse.peak {} != nil

    @Test(.enabled(if: tellsPeaks)) func rangeTakesLittleMemoryForManyTopics() throws {
        let counts = Dictionary((0..<1000).map { ("t\($0)", 1) }) { $1 }
        let members = (0..<500).map { self.member("m\($0)", Set(counts.keys)) }
        var assigned = 0
        let peak = try #require(
            HeapUse.peak { assigned = RangeAssignor().assign(members, topics: self.topics(counts))["m0"]?.count ?? 0 })
        #expect(assigned == 1000)
        // An element of some words per topic and member would take fifty.
        #expect(peak < 15_000_000)
    }

    // MARK: Racks

    private func inRacks(_ racks: [String]) -> [GroupMemberSubscription] {
        racks.enumerated().map { GroupMemberSubscription(memberID: "m\($0)", topics: ["t", "u"], rack: $1) }
    }

    @Test func rangePrefersPartitionsInTheMembersRack() {
        let topics = ["t": AssignableTopic(partitionCount: 4, racks: [["b"], ["a"], ["b"], ["a"]])]
        let result = RangeAssignor().assign(self.inRacks(["a", "b"]), topics: topics)
        #expect(self.text(result) == ["m0": "t-1 t-3", "m1": "t-0 t-2"])
        // Everything in one rack is still shared out evenly.
        let uneven = RangeAssignor().assign(self.inRacks(["b", "a", "a"]), topics: topics)
        #expect(self.text(uneven) == ["m0": "t-0 t-2", "m1": "t-1", "m2": "t-3"])
    }

    @Test func rangeKeepsTopicsTogetherThatArePartitionedAlike() {
        let topics = [
            "t": AssignableTopic(partitionCount: 2, racks: [["b"], ["a"]]),
            "u": AssignableTopic(partitionCount: 2, racks: [["b"], ["a"]]),
        ]
        let result = RangeAssignor().assign(self.inRacks(["a", "b"]), topics: topics)
        #expect(self.text(result) == ["m0": "t-1 u-1", "m1": "t-0 u-0"])
    }

    @Test func racksDoNotMatterIfAllPartitionsAreInAllRacks() {
        let topics = ["t": AssignableTopic(partitionCount: 2, racks: [["b", "a"], ["a", "b"]])]
        let result = RangeAssignor().assign(self.inRacks(["b", "a"]), topics: topics)
        #expect(self.text(result) == ["m0": "t-0", "m1": "t-1"])
    }

    @Test(arguments: [StickyAssignor() as any ConsumerPartitionAssignor, CooperativeStickyAssignor()])
    func theStickyAssignorsPreferTheMembersRack(assignor: any ConsumerPartitionAssignor) {
        let topics = ["t": AssignableTopic(partitionCount: 4, racks: [["b"], ["b"], ["a"], ["a"]])]
        let result = assignor.assign(self.inRacks(["a", "b"]), topics: topics)
        #expect(self.text(result) == ["m0": "t-2 t-3", "m1": "t-0 t-1"])
    }
}
