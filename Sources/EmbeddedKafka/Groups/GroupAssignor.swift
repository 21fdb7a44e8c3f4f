// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The assignors of the coordinator (`group.consumer.assignors`).
enum GroupAssignor: String, CaseIterable, Sendable {
    /// Gives each member as many partitions as the others, and moves as few as possible.
    case uniform
    /// Gives each member consecutive partitions of each topic.
    case range

    /// A member as an assignor sees it.
    struct Member {
        var id: String
        var instanceID: String?
        /// The names of the topics that the member subscribes to.
        var topics: Set<String>
        /// The partitions that the member was to have until now.
        var current: Set<GroupPartition>
    }

    /// Distributes the partitions of the subscribed topics. Returns the partitions of each member by its ID.
    func assign(_ members: [Member], _ topics: GroupTopics) -> [String: Set<GroupPartition>] {
        guard !members.isEmpty else { return [:] }
        switch self {
        case .uniform: return UniformAssignment(members, topics).result
        case .range: return Self.range(members, topics)
        }
    }

    private static func range(_ members: [Member], _ topics: GroupTopics) -> [String: Set<GroupPartition>] {
        // Static members come first and keep their order, because their instance IDs stay the same.
        let ordered = members.sorted { left, right in
            switch (left.instanceID, right.instanceID) {
            case (let left?, let right?): left < right
            case (nil, nil): left.id < right.id
            case (let left, _): left != nil
            }
        }
        var result = Dictionary(members.map { ($0.id, Set<GroupPartition>()) }) { first, _ in first }
        for name in Set(members.flatMap(\.topics)) {
            guard let topic = topics.byName[name] else { continue }
            let subscribers = ordered.filter { $0.topics.contains(name) }
            let count = Int(topic.partitions)
            for (place, member) in subscribers.enumerated() {
                let start = place * (count / subscribers.count) + min(place, count % subscribers.count)
                let length = count / subscribers.count + (place < count % subscribers.count ? 1 : 0)
                for index in start..<start + length {
                    result[member.id]?.insert(GroupPartition(topic: topic.id, index: Int32(index)))
                }
            }
        }
        return result
    }
}

/// The computation of the uniform assignor: balanced first, and with as few moves as possible.
private struct UniformAssignment {
    private let subscriptions: [Set<KafkaUUID>]
    private let ids: [String]
    private var owned: [Set<GroupPartition>]

    var result: [String: Set<GroupPartition>] {
        Dictionary(zip(self.ids, self.owned)) { first, _ in first }
    }

    init(_ members: [GroupAssignor.Member], _ topics: GroupTopics) {
        let members = members.sorted { $0.id < $1.id }
        self.ids = members.map(\.id)
        self.subscriptions = members.map { Set($0.topics.compactMap { topics.byName[$0]?.id }) }
        var free = Set<GroupPartition>()
        for id in Set(self.subscriptions.joined()) {
            guard let topic = topics.names[id].flatMap({ topics.byName[$0] }) else { continue }
            for index in 0..<topic.partitions { free.insert(GroupPartition(topic: id, index: index)) }
        }
        self.owned = []
        for (member, subscription) in zip(members, self.subscriptions) {
            let kept = member.current.filter { subscription.contains($0.topic) && free.contains($0) }
            free.subtract(kept)
            self.owned.append(kept)
        }
        if Set(self.subscriptions).count == 1 {
            self.shareEqually(&free)
        } else {
            self.giveToLeastLoaded(free)
            self.balance()
        }
    }

    /// Gives members with equal subscriptions equal numbers of partitions. Members with more partitions keep one more.
    private mutating func shareEqually(_ free: inout Set<GroupPartition>) {
        let total = self.owned.reduce(free.count) { $0 + $1.count }
        let quota = total / self.owned.count
        var quotas = [Int](repeating: quota, count: self.owned.count)
        // Who has more than the others keeps one more. What is left over goes to those with the fewest.
        let sizes = self.owned.map(\.count)
        let larger = sizes.indices.filter { sizes[$0] > quota }.sorted { (sizes[$1], $0) < (sizes[$0], $1) }
        let others = sizes.indices.filter { sizes[$0] <= quota }.sorted { (sizes[$0], $0) < (sizes[$1], $1) }
        for place in (larger + others).prefix(total % self.owned.count) { quotas[place] += 1 }
        for place in self.owned.indices where self.owned[place].count > quotas[place] {
            let surplus = self.owned[place].sorted().suffix(self.owned[place].count - quotas[place])
            self.owned[place].subtract(surplus)
            free.formUnion(surplus)
        }
        // In turn, so that each member gets partitions of each topic.
        var rest = free.sorted().reversed() as [GroupPartition]
        while !rest.isEmpty {
            for place in self.owned.indices where self.owned[place].count < quotas[place] {
                guard let next = rest.popLast() else { return }
                self.owned[place].insert(next)
            }
        }
    }

    /// Gives each partition to the subscriber that has the fewest. Topics with few subscribers come first.
    private mutating func giveToLeastLoaded(_ free: Set<GroupPartition>) {
        let subscribers = self.subscriptions.reduce(into: [KafkaUUID: Int]()) { counts, subscription in
            for topic in subscription { counts[topic, default: 0] += 1 }
        }
        for partition in free.sorted(by: {
            (subscribers[$0.topic] ?? 0, $0) < (subscribers[$1.topic] ?? 0, $1)
        }) {
            if let place = self.leastLoaded(subscribedTo: partition.topic) { self.owned[place].insert(partition) }
        }
    }

    /// Moves partitions from members to others that have at least two fewer, until there is none to move.
    private mutating func balance() {
        var hasMoved = true
        while hasMoved {
            hasMoved = false
            for place in self.owned.indices.sorted(by: { self.owned[$0].count > self.owned[$1].count }) {
                for partition in self.owned[place].sorted() {
                    guard let least = self.leastLoaded(subscribedTo: partition.topic),
                        self.owned[least].count + 1 < self.owned[place].count
                    else { continue }
                    self.owned[place].remove(partition)
                    self.owned[least].insert(partition)
                    hasMoved = true
                }
            }
        }
    }

    private func leastLoaded(subscribedTo topic: KafkaUUID) -> Int? {
        self.owned.indices.filter { self.subscriptions[$0].contains(topic) }
            .min { self.owned[$0].count < self.owned[$1].count }
    }
}
