// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTestSupport

@testable import AsyncKafka

/// A group whose members are assigned partitions, without brokers.
struct StickyGroup {
    var subscriptions: [String: Set<String>]
    var topics: [String: AssignableTopic]
    var racks: [String: String] = [:]
    var instances: [String: String] = [:]
    /// What each member was assigned last, and in which generation. Members without one are of the present generation.
    var owned: [String: [TopicPartition]] = [:]
    var generations: [String: Int32] = [:]
    /// Whether all members that join read all topics.
    var isUniform = false
    var hasRacks = false
    var replicas = 1

    init(_ subscriptions: [String: Set<String>], _ counts: [String: Int]) {
        self.subscriptions = subscriptions
        self.topics = counts.mapValues { AssignableTopic(partitionCount: $0) }
    }

    var members: [GroupMemberSubscription] {
        self.subscriptions.sorted { $0.key < $1.key }.map { member, topics in
            let last = MemberAssignment(self.owned[member] ?? [], generation: self.generations[member] ?? 5)
            return GroupMemberSubscription(
                memberID: member, groupInstanceID: self.instances[member], topics: topics,
                userData: StickyAssignor().userData(for: topics, lastAssignment: last),
                ownedPartitions: last.partitions, generation: last.generation, rack: self.racks[member])
        }
    }

    func assigned(by assignor: some ConsumerPartitionAssignor) -> [String: [TopicPartition]] {
        assignor.assign(self.members, topics: self.topics)
    }

    /// The distribution in which each member's last assignment is its claim.
    var distribution: StickyDistribution {
        StickyDistribution(of: self.topics, among: self.members) {
            MemberAssignment($0.ownedPartitions, generation: $0.generation ?? -1)
        }
    }

    func text(_ assignment: [String: [TopicPartition]]) -> [String: String] {
        assignment.mapValues { $0.map(\.description).joined(separator: " ") }
    }

    mutating func accept(_ assignment: [String: [TopicPartition]]) {
        self.owned = assignment
        self.generations = [:]
    }

    /// Rebalances until nothing more is withheld.
    mutating func settle(with assignor: some ConsumerPartitionAssignor) {
        self.accept(self.assigned(by: assignor))
        if assignor.supportedProtocols.contains(.cooperative) { self.accept(self.assigned(by: assignor)) }
    }

    // MARK: Measures

    /// The number of partitions that some member may read.
    var readable: Int {
        self.topics.reduce(0) { sum, topic in
            sum + (self.subscriptions.values.contains { $0.contains(topic.key) } ? topic.value.partitionCount : 0)
        }
    }

    var imbalance: Int {
        let counts = self.subscriptions.keys.map { self.owned[$0]?.count ?? 0 }
        return (counts.max() ?? 0) - (counts.min() ?? 0)
    }

    /// The number of partitions that left a member which could have kept them.
    func moves(from before: StickyGroup) -> Int {
        before.claims.count { partition, member in self.owned[member]?.contains(partition) != true }
    }

    /// The members that may keep each partition.
    var claims: [TopicPartition: String] {
        var result: [TopicPartition: String] = [:]
        for partition in Set(self.owned.values.joined()) {
            let claimants = self.owned.filter { $0.value.contains(partition) }.keys.filter {
                self.subscriptions[$0] != nil
            }
            let newest = claimants.map { self.generations[$0] ?? 5 }.max()
            let believed = claimants.filter { (self.generations[$0] ?? 5) == newest }
            guard believed.count == 1, let member = believed.first,
                Int(partition.partition) < self.topics[partition.topic]?.partitionCount ?? 0,
                self.subscriptions[member]?.contains(partition.topic) == true
            else { continue }
            result[partition] = member
        }
        return result
    }

    /// The fewest possible moves if all members have the same subscription.
    var fewestMovesIfUniform: Int {
        guard !self.subscriptions.isEmpty else { return 0 }
        let (share, extras) = self.readable.quotientAndRemainder(dividingBy: self.subscriptions.count)
        let counts = self.subscriptions.keys.map { member in self.claims.count { $0.value == member } }
        let kept = counts.reduce(0) { $0 + min($1, share) } + min(extras, counts.count { $0 > share })
        return self.claims.count - kept
    }

    /// The measures of an assignment in order of importance: the lower the better.
    func rating(of assignment: [String: [TopicPartition]]) -> [Int] {
        let mindsRacks = RackAwareness.isUseful(
            members: Set(self.subscriptions.keys.compactMap { self.racks[$0] }),
            partitions: self.topics.values.flatMap { topic in (0..<topic.partitionCount).map { topic.racks(of: $0) } })
        let claims = self.claims
        var unassigned = self.readable
        var squares = 0
        var remote = 0
        var lost = claims.count
        for (member, partitions) in assignment {
            unassigned -= partitions.count
            squares += partitions.count * partitions.count
            for partition in partitions {
                if claims[partition] == member { lost -= 1 }
                let racks = self.topics[partition.topic]?.racks(of: Int(partition.partition)) ?? []
                if mindsRacks, let rack = self.racks[member], !racks.contains(rack) { remote += 1 }
            }
        }
        return [unassigned, squares, remote, lost]
    }

    /// The best rating of all assignments that there are, which must be few.
    var bestRating: [Int] {
        let partitions = self.topics.sorted { $0.key < $1.key }.flatMap { name, topic in
            (0..<topic.partitionCount).map { TopicPartition(name, Int32($0)) }
        }
        var best: [Int]?
        func visit(_ index: Int, _ assignment: [String: [TopicPartition]]) {
            guard index < partitions.count else {
                let rating = self.rating(of: assignment)
                if best.map({ rating.lexicographicallyPrecedes($0) }) ?? true { best = rating }
                return
            }
            let readers = self.subscriptions.filter { $0.value.contains(partitions[index].topic) }.keys
            if readers.isEmpty { visit(index + 1, assignment) }
            for reader in readers {
                var next = assignment
                next[reader, default: []].append(partitions[index])
                visit(index + 1, next)
            }
        }
        visit(0, [:])
        return best ?? []
    }
}

// MARK: By seed

extension StickyGroup {
    static func random(
        isUniform: Bool, hasRacks: Bool, isSmall: Bool = false, using random: inout SeededRandom
    ) -> StickyGroup {
        let names = (0..<(isSmall ? 3 : Int.random(in: 1...6, using: &random))).map { "t\($0)" }
        let counts = names.map { ($0, Int.random(in: 1...(isSmall ? 2 : 9), using: &random)) }
        var group = StickyGroup([:], Dictionary(counts) { $1 })
        group.isUniform = isUniform
        group.hasRacks = hasRacks
        group.replicas = Int.random(in: 1...3, using: &random)
        for name in names { group.grow(name, by: 0, using: &random) }
        for _ in 0..<(isSmall ? 3 : Int.random(in: 1...8, using: &random)) { group.join(using: &random) }
        return group
    }

    private mutating func grow(_ topic: String, by more: Int, using random: inout SeededRandom) {
        let count = (self.topics[topic]?.partitionCount ?? 0) + more
        var racks = self.topics[topic]?.racks ?? []
        while self.hasRacks, racks.count < count {
            // With three replicas, all partitions are in all racks.
            let all = ["r0", "r1", "r2"]
            racks.append(Set(all.shuffled(using: &random).prefix(self.replicas)))
        }
        self.topics[topic] = AssignableTopic(partitionCount: count, racks: racks)
    }

    private func someTopics(using random: inout SeededRandom) -> Set<String> {
        let all = self.topics.keys.sorted()
        if self.isUniform { return Set(all) }
        return Set(all.shuffled(using: &random).prefix(Int.random(in: 1...all.count, using: &random)))
    }

    private mutating func join(using random: inout SeededRandom) {
        let member = "m\(self.subscriptions.count)-\(Int.random(in: 0..<1000, using: &random))"
        self.subscriptions[member] = self.someTopics(using: &random)
        if self.hasRacks, Int.random(in: 0..<5, using: &random) > 0 {
            self.racks[member] = "r\(Int.random(in: 0..<4, using: &random))"
        }
        if Int.random(in: 0..<4, using: &random) == 0 {
            self.instances[member] = "i\(Int.random(in: 0..<1000, using: &random))\(member)"
        }
    }

    /// A member joins, leaves, or changes its subscription, a topic grows, or a claim is false or stale.
    mutating func change(using random: inout SeededRandom) {
        let member = self.subscriptions.keys.sorted().randomElement(using: &random)
        let isSmall = self.topics.values.allSatisfy { $0.partitionCount <= 3 } && self.subscriptions.count <= 3
        switch Int.random(in: 0..<6, using: &random) {
        case 0, 1:
            guard !isSmall || self.subscriptions.count < 3 else { break }
            self.join(using: &random)
        case 2:
            guard let member, self.subscriptions.count > 1 else { break }
            self.subscriptions[member] = nil
            self.owned[member] = nil
        case 3:
            guard let member else { break }
            self.subscriptions[member] = self.someTopics(using: &random)
        case 4:
            guard !isSmall, let topic = self.topics.keys.sorted().randomElement(using: &random) else { break }
            self.grow(topic, by: Int.random(in: 1...4, using: &random), using: &random)
        default:
            guard let member, let other = self.owned.keys.sorted().randomElement(using: &random), other != member else {
                break
            }
            self.owned[member] = (self.owned[member] ?? []) + (self.owned[other] ?? []).prefix(3)
            self.generations[member] = Int32.random(in: 4...6, using: &random)
        }
    }
}
