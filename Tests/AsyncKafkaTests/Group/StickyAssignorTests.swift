// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import AsyncKafka

@Suite struct StickyAssignorTests {
    private static let both: [any ConsumerPartitionAssignor] = [.sticky, .cooperativeSticky]

    // MARK: Examples

    @Test(arguments: both)
    func aFirstAssignmentIsRoundRobin(assignor: any ConsumerPartitionAssignor) {
        let group = StickyGroup(["a": ["t", "u"], "b": ["t", "u"]], ["t": 3, "u": 2])
        #expect(group.text(group.assigned(by: assignor)) == ["a": "t-0 t-2 u-1", "b": "t-1 u-0"])
    }

    @Test(arguments: both)
    func aNewMemberTakesItsShareAndNothingElseMoves(assignor: any ConsumerPartitionAssignor) {
        var group = StickyGroup(["a": ["t"], "b": ["t"]], ["t": 6])
        group.settle(with: assignor)
        let before = group.owned
        group.subscriptions["c"] = ["t"]
        group.settle(with: assignor)
        for member in ["a", "b"] {
            #expect(group.owned[member]?.count == 2)
            #expect(Set(group.owned[member] ?? []).isSubset(of: before[member] ?? []))
        }
        #expect(group.owned["c"]?.count == 2)
    }

    @Test(arguments: both)
    func thePartitionsOfAMemberThatLeavesAreSharedOut(assignor: any ConsumerPartitionAssignor) {
        var group = StickyGroup(["a": ["t"], "b": ["t"], "c": ["t"]], ["t": 9])
        group.settle(with: assignor)
        let before = group.owned
        group.subscriptions["b"] = nil
        group.owned["b"] = nil
        group.settle(with: assignor)
        for member in ["a", "c"] {
            #expect(Set(group.owned[member] ?? []).isSuperset(of: before[member] ?? []))
        }
        #expect(group.owned.values.map(\.count).sorted() == [4, 5])
    }

    @Test(arguments: both)
    func partitionsMoveAlongAChainOfMembers(assignor: any ConsumerPartitionAssignor) {
        // Only b can relieve a, and only c can relieve b.
        var group = StickyGroup(["a": ["t"], "b": ["t", "u"], "c": ["u"]], ["t": 3, "u": 3])
        group.owned = [
            "a": (0..<3).map { TopicPartition("t", $0) }, "b": (0..<2).map { TopicPartition("u", $0) },
            "c": [TopicPartition("u", 2)],
        ]
        group.settle(with: assignor)
        #expect(group.owned.mapValues(\.count) == ["a": 2, "b": 2, "c": 2])
    }

    @Test(arguments: both)
    func aMemberGivesUpTopicsItNoLongerReads(assignor: any ConsumerPartitionAssignor) {
        var group = StickyGroup(["a": ["t", "u"], "b": ["t", "u"]], ["t": 2, "u": 2])
        group.settle(with: assignor)
        group.subscriptions["a"] = ["t"]
        group.topics["u"] = AssignableTopic(partitionCount: 1)
        group.settle(with: assignor)
        #expect(group.owned["b"]?.contains(TopicPartition("u", 0)) == true)
        #expect(group.owned.values.map(\.count).sorted() == [1, 2])
    }

    // MARK: Claims

    @Test(arguments: both)
    func theNewerOfTwoClaimsIsBelieved(assignor: any ConsumerPartitionAssignor) {
        var group = StickyGroup(["a": ["t"], "b": ["t"]], ["t": 4])
        let even = [TopicPartition("t", 0), TopicPartition("t", 2)]
        group.owned = ["a": even, "b": even]
        group.generations = ["a": 6, "b": 7]
        #expect(group.assigned(by: assignor)["b"] == even)
        group.generations = ["a": 7, "b": 6]
        #expect(group.assigned(by: assignor)["a"] == even)
    }

    @Test(arguments: both)
    func anUncontestedClaimOfAnOlderGenerationKeepsItsPartition(assignor: any ConsumerPartitionAssignor) {
        var group = StickyGroup(["a": ["t"], "b": ["t"]], ["t": 2])
        group.owned = ["a": [TopicPartition("t", 1)], "b": []]
        group.generations = ["a": 3, "b": 9]
        #expect(group.assigned(by: assignor)["a"] == [TopicPartition("t", 1)])
    }

    @Test func twoClaimsOfOneGenerationAreNotBelieved() {
        var group = StickyGroup(["a": ["t"], "b": ["t"]], ["t": 2])
        let all = [TopicPartition("t", 0), TopicPartition("t", 1)]
        group.owned = ["a": all, "b": all]
        // With the cooperative protocol, both may still read the partitions, so nobody gets them yet.
        #expect(group.text(group.assigned(by: .cooperativeSticky)) == ["a": "", "b": ""])
        #expect(group.text(group.assigned(by: .sticky)) == ["a": "t-0", "b": "t-1"])
    }

    @Test func aPartitionThatMovesIsWithheldUntilItsOwnerHasGivenItUp() {
        var group = StickyGroup(["a": ["t"], "b": ["t"]], ["t": 4])
        group.owned = ["a": (0..<4).map { TopicPartition("t", $0) }, "b": []]
        let first = group.assigned(by: .cooperativeSticky)
        #expect(first["a"]?.count == 2 && first["b"] == [])
        group.accept(first)
        let second = group.assigned(by: .cooperativeSticky)
        #expect(second["a"] == first["a"] && second["b"]?.count == 2)
    }

    @Test func aPartitionIsWithheldFromAnOwnerThatNoLongerReadsItsTopic() {
        var group = StickyGroup(["a": ["u"], "b": ["t"]], ["t": 1, "u": 1])
        group.owned = ["a": [TopicPartition("t", 0)], "b": []]
        #expect(group.text(group.assigned(by: .cooperativeSticky)) == ["a": "u-0", "b": ""])
    }

    // MARK: User data

    @Test func stickyClaimsWithTheBytesOfKafkasAssignor() {
        let assignment = MemberAssignment([TopicPartition("t", 2), TopicPartition("t", 0)], generation: 7)
        let data = StickyAssignor().userData(for: ["t"], lastAssignment: assignment)
        let bytes: [UInt8] = [0, 0, 0, 1, 0, 1, 0x74, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 7]
        #expect(data == Bytes(bytes))
        #expect(StickyAssignor().userData(for: ["t"], lastAssignment: nil) == nil)
    }

    @Test func stickyReadsUserDataWithoutGeneration() {
        // Version 0 of the data, as the assignor of Kafka 2.2 and older writes it.
        let old: [UInt8] = [0, 0, 0, 1, 0, 1, 0x74, 0, 0, 0, 1, 0, 0, 0, 1]
        let members = [
            GroupMemberSubscription(memberID: "a", topics: ["t"], userData: Bytes(old)),
            GroupMemberSubscription(memberID: "b", topics: ["t"]),
        ]
        let result = StickyAssignor().assign(members, topics: ["t": AssignableTopic(partitionCount: 2)])
        #expect(result == ["a": [TopicPartition("t", 1)], "b": [TopicPartition("t", 0)]])
    }

    @Test(arguments: [[], [0xFF], [0x7F, 0xFF, 0xFF, 0xFF], [0, 0, 0, 1, 0, 1, 0x74, 0x7F, 0xFF, 0xFF, 0xFF, 0, 0]])
    func unreadableUserDataClaimsNothing(data: [UInt8]) {
        for assignor in Self.both {
            let members = ["a", "b"].map {
                GroupMemberSubscription(memberID: $0, topics: ["t"], userData: Bytes(data))
            }
            let result = assignor.assign(members, topics: ["t": AssignableTopic(partitionCount: 2)])
            #expect(result == ["a": [TopicPartition("t", 0)], "b": [TopicPartition("t", 1)]])
        }
    }

    @Test func cooperativeStickyTellsItsGenerationToOldLeaders() {
        let assignor = CooperativeStickyAssignor()
        let last = MemberAssignment([TopicPartition("t", 0)], generation: 258)
        #expect(assignor.userData(for: ["t"], lastAssignment: last) == Bytes([0, 0, 1, 2]))
        #expect(assignor.userData(for: ["t"], lastAssignment: nil) == Bytes([0xFF, 0xFF, 0xFF, 0xFF]))
        #expect(assignor.supportedProtocols == [.cooperative, .eager])
        #expect(StickyAssignor().supportedProtocols == [.eager])
    }

    // MARK: By seed

    @Test(arguments: 0..<40)
    func membersComeAndGo(seed: UInt64) {
        for assignor in Self.both {
            var random = SeededRandom(seed)
            var group = StickyGroup.random(isUniform: seed % 3 == 0, hasRacks: seed % 4 == 3, using: &random)
            for _ in 0..<6 {
                let before = group
                let result = group.assigned(by: assignor)
                let given = result.values.flatMap { $0 }
                #expect(Set(given).count == given.count)
                #expect(Set(result.keys) == Set(group.subscriptions.keys))
                for (member, partitions) in result {
                    #expect(partitions.allSatisfy { group.subscriptions[member]?.contains($0.topic) == true })
                    guard assignor.name == "cooperative-sticky" else { continue }
                    for (other, owned) in group.owned where other != member {
                        let old = Set(owned).subtracting(group.owned[member] ?? [])
                        #expect(old.isDisjoint(with: partitions), "handed on while its owner claims it")
                    }
                }
                group.settle(with: assignor)
                #expect(group.owned.values.reduce(0) { $0 + $1.count } == group.readable)
                if seed % 3 == 0 { #expect(group.imbalance <= 1) }
                // A group in which nothing changes keeps everything.
                let settled = group.owned
                group.settle(with: assignor)
                #expect(group.owned == settled)
                if seed % 3 == 0, seed % 4 != 3 {
                    #expect(group.moves(from: before) == before.fewestMovesIfUniform)
                }
                group.change(using: &random)
            }
        }
    }

    @Test(arguments: 0..<60)
    func noOtherAssignmentIsBetter(seed: UInt64) {
        var random = SeededRandom(seed)
        var group = StickyGroup.random(isUniform: false, hasRacks: seed % 2 == 1, isSmall: true, using: &random)
        for _ in 0..<3 {
            let result = group.assigned(by: .sticky)
            #expect(group.rating(of: result) == group.bestRating, "\(group) \(result)")
            group.accept(result)
            group.change(using: &random)
        }
    }

    @Test func largeGroupsAreAssignedWithBoundedWork() {
        var random = SeededRandom(1)
        let topics = (0..<60).map { "t\($0)" }
        var group = StickyGroup([:], Dictionary(topics.map { ($0, 20) }) { $1 })
        for member in 0..<100 {
            group.subscriptions["m\(member)"] = Set(topics.shuffled(using: &random).prefix(12))
        }
        group.settle(with: .sticky)
        #expect(group.imbalance <= 1)
        for member in 0..<20 {
            group.subscriptions["m\(member)"] = nil
            group.owned["m\(member)"] = nil
        }
        let before = group
        // The graph has about 3,000 edges.
        var distribution = group.distribution
        #expect(distribution.run(budget: 200_000) > 0, "the best distribution takes few looks at each edge")
        group.accept(distribution.result())
        #expect(group.imbalance <= 1)
        #expect(group.moves(from: before) == 0)
    }

    /// The new member takes half of the partitions. Looking at all of them for each one that moves takes minutes.
    @Test(.timeLimit(.minutes(1)), arguments: [0, 1])
    func aMemberWhoseTopicsHaveFewPartitionsCostsNoTime(partitions: Int) {
        var group = StickyGroup(["a": ["t"], "b": ["t"], "c": ["u"]], ["t": 20_000, "u": partitions])
        group.owned["a"] = (0..<20_000).map { TopicPartition("t", $0) }
        var distribution = group.distribution
        distribution.run(budget: 0)
        #expect(distribution.result().mapValues(\.count) == ["a": 10_000, "b": 10_000, "c": partitions])
    }

    @Test(arguments: 0..<20)
    func withoutTimeToImproveTheDistributionIsComplete(seed: UInt64) {
        var random = SeededRandom(seed)
        var group = StickyGroup.random(isUniform: false, hasRacks: seed % 2 == 1, using: &random)
        for budget in [0, 100, 1000] {
            var distribution = group.distribution
            #expect(distribution.run(budget: budget) <= budget)
            let result = distribution.result()
            #expect(group.rating(of: result)[0] == 0)
            #expect(Set(result.values.joined()).count == group.readable)
            group.accept(result)
            group.change(using: &random)
        }
    }
}
