// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import EmbeddedKafka

@Suite(.timeLimit(.minutes(2))) struct GroupAssignorTests {
    private func topics(_ partitions: KeyValuePairs<String, Int32>) -> GroupTopics {
        var topics = GroupTopics()
        for (place, (name, count)) in partitions.enumerated() {
            topics.set(name, GroupTopics.Topic(id: KafkaUUID(high: 1, low: UInt64(place)), partitions: count))
        }
        return topics
    }

    private func member(
        _ id: String, _ topics: Set<String>, has current: Set<GroupPartition> = []
    ) -> GroupAssignor.Member {
        GroupAssignor.Member(id: id, topics: topics, current: current)
    }

    @Test func rangeGivesConsecutivePartitionsOfEachTopic() {
        let topics = self.topics(["t": 5, "u": 3])
        let result = GroupAssignor.range.assign([self.member("b", ["t", "u"]), self.member("a", ["t", "u"])], topics)
        func indexes(_ id: String, _ topic: UInt64) -> [Int32] {
            (result[id] ?? []).filter { $0.topic.low == topic }.map(\.index).sorted()
        }
        #expect(indexes("a", 0) == [0, 1, 2])
        #expect(indexes("b", 0) == [3, 4])
        #expect(indexes("a", 1) == [0, 1])
        #expect(indexes("b", 1) == [2])
    }

    @Test func uniformMovesNoMoreThanItMust() {
        let topics = self.topics(["t": 9])
        let first = GroupAssignor.uniform.assign([self.member("a", ["t"]), self.member("b", ["t"])], topics)
        #expect(first.values.map(\.count).sorted() == [4, 5])
        let members = ["a", "b", "c"].map { self.member($0, ["t"], has: first[$0] ?? []) }
        let second = GroupAssignor.uniform.assign(members, topics)
        #expect(second.values.map(\.count) == [3, 3, 3])
        for id in ["a", "b"] { #expect(second[id]?.isSubset(of: first[id] ?? []) == true) }
    }

    @Test(arguments: 0..<200 as Range<UInt64>) func uniformIsBalancedForAnySubscriptions(seed: UInt64) {
        var random = SeededRandom(seed)
        let topics = self.topics(["t": 5, "u": 8, "v": 1, "w": 3])
        let names = ["t", "u", "v", "w"]
        var current: [String: Set<GroupPartition>] = [:]
        for _ in 0..<4 {
            let members = (0..<Int.random(in: 1...6, using: &random)).map { place in
                let wanted = Set(names.filter { _ in Bool.random(using: &random) })
                return self.member("m\(place)", wanted, has: current["m\(place)"] ?? [])
            }
            let result = GroupAssignor.uniform.assign(members, topics)
            let subscribed = Set(members.flatMap(\.topics)).compactMap { topics.byName[$0] }
            #expect(result.values.reduce(0) { $0 + $1.count } == subscribed.reduce(0) { $0 + Int($1.partitions) })
            #expect(Set(result.values.joined()).count == result.values.reduce(0) { $0 + $1.count })
            for member in members {
                let owned = result[member.id] ?? []
                #expect(owned.allSatisfy { member.topics.contains(topics.names[$0.topic] ?? "") })
                // Nothing of what it has could be better with another subscriber.
                for other in members where !other.topics.isDisjoint(with: owned.compactMap { topics.names[$0.topic] }) {
                    #expect((result[other.id]?.count ?? 0) + 2 > owned.count)
                }
            }
            current = result
        }
    }
}
