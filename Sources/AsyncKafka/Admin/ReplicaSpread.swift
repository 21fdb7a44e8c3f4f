// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Spreads the replicas of partitions over brokers, which are numbers from 0. Pure.
///
/// Replicas and leaders are evened out in the same way: a broker with too many gives one to a broker with too few, over as
/// few others as possible (a shortest augmenting path). This ends because each path lowers the sum of the squares of the
/// numbers.
struct ReplicaSpread {
    private struct Partition {
        let topic: Int
        let factor: Int
        /// The replicas that exist already.
        let original: [Int]
        var replicas: [Int]
    }

    /// What is counted: all replicas, or only the first of each partition.
    private enum Role {
        case replica
        case leader
    }

    private struct Move {
        var partition: Int
        var from: Int
        var to: Int

        var reversed: Move { Move(partition: self.partition, from: self.to, to: self.from) }
    }

    private let racks: [Int]
    private let rackCount: Int
    private var partitions: [Partition] = []
    private var topicCount = 0
    /// How many each broker has of each topic, and of all.
    private var ofTopic: [[Int]] = []
    private var ofAll: [Int] = []

    /// - Parameter racks: The rack of each broker. Brokers without racks have one each.
    init(racks: [Int]) {
        self.racks = racks
        self.rackCount = Set(racks).count
    }

    /// Adds a partition. The topics are added one after the other.
    mutating func add(topic: Int, replicas: [Int], factor: Int) {
        self.topicCount = max(self.topicCount, topic + 1)
        self.partitions.append(Partition(topic: topic, factor: factor, original: replicas, replicas: replicas))
    }

    /// The replicas of each partition, the preferred leader first.
    var replicas: [[Int]] { self.partitions.map(\.replicas) }

    mutating func even() {
        for index in self.partitions.indices { self.dropReplicas(of: index) }
        self.count(.replica)
        for index in self.partitions.indices { self.fillReplicas(of: index) }
        for role in [Role.replica, .leader] {
            self.count(role)
            var start = 0
            while start < self.partitions.count {
                let topic = self.partitions[start].topic
                let end = self.partitions[start...].firstIndex { $0.topic != topic } ?? self.partitions.count
                self.even(role, in: start..<end, isOneTopic: true)
                start = end
            }
            self.even(role, in: self.partitions.indices, isOneTopic: false)
        }
    }

    private mutating func count(_ role: Role) {
        let none = [Int](repeating: 0, count: self.racks.count)
        self.ofAll = none
        self.ofTopic = [[Int]](repeating: none, count: self.topicCount)
        for partition in self.partitions {
            for broker in role == .leader ? partition.replicas.prefix(1) : partition.replicas[...] {
                self.ofAll[broker] += 1
                self.ofTopic[partition.topic][broker] += 1
            }
        }
    }

    // MARK: The right number of replicas in the right racks

    private func isSpreadOverRacks(_ replicas: [Int], factor: Int) -> Bool {
        Set(replicas.map { self.racks[$0] }).count == min(factor, self.rackCount)
    }

    /// Drops the replicas that are too many, or of which a rack has too many.
    private mutating func dropReplicas(of index: Int) {
        let partition = self.partitions[index]
        var kept = Set<Int>()
        var used = Set<Int>()
        for broker in partition.replicas
        where kept.count < partition.factor && used.insert(self.racks[broker]).inserted {
            kept.insert(broker)
        }
        let missing = min(partition.factor, self.rackCount) - used.count
        for broker in partition.replicas where kept.count + missing < partition.factor { kept.insert(broker) }
        var seen = Set<Int>()
        self.partitions[index].replicas = partition.replicas.filter { kept.contains($0) && seen.insert($0).inserted }
    }

    /// Adds replicas that are missing, where there are the fewest.
    private mutating func fillReplicas(of index: Int) {
        let partition = self.partitions[index]
        while self.partitions[index].replicas.count < partition.factor {
            let replicas = self.partitions[index].replicas
            let used = Set(replicas.map { self.racks[$0] })
            let needsRack = used.count < min(partition.factor, self.rackCount)
            let candidates = self.racks.indices.filter { broker in
                !replicas.contains(broker) && !(needsRack && used.contains(self.racks[broker]))
            }
            let best = candidates.min { left, right in
                let ofTopic = self.ofTopic[partition.topic]
                if ofTopic[left] != ofTopic[right] { return ofTopic[left] < ofTopic[right] }
                return self.ofAll[left] < self.ofAll[right]
            }
            guard let best else { return }
            self.partitions[index].replicas.append(best)
            self.ofAll[best] += 1
            self.ofTopic[partition.topic][best] += 1
        }
    }

    // MARK: Evening out

    private mutating func even(_ role: Role, in range: Range<Int>, isOneTopic: Bool) {
        guard let topic = range.first.map({ self.partitions[$0].topic }) else { return }
        var stuck = Set<Int>()
        while true {
            let counts = isOneTopic ? self.ofTopic[topic] : self.ofAll
            let source = counts.indices.filter { !stuck.contains($0) }.max { counts[$0] < counts[$1] }
            guard let source, let least = counts.min(), counts[source] > least + 1 else { return }
            if let path = self.path(from: source, counts, role, in: range, isOneTopic: isOneTopic),
                self.perform(path, role, isOneTopic: isOneTopic)
            {
                stuck = []
            } else {
                stuck.insert(source)
            }
        }
    }

    /// Returns the shortest path from a broker to one that has at least two less.
    private func path(
        from source: Int, _ counts: [Int], _ role: Role, in range: Range<Int>, isOneTopic: Bool
    ) -> [Move]? {
        let emptiestFirst = counts.indices.sorted { (counts[$0], $0) < (counts[$1], $1) }
        var arrivals = [Move?](repeating: nil, count: counts.count)
        var queue = [source]
        var next = 0
        while next < queue.count {
            let from = queue[next]
            next += 1
            // A replica that isn't there yet can be anywhere else without being copied twice.
            for isNew in [true, false] {
                for index in range where self.isCounted(from, of: index, role) {
                    guard self.partitions[index].original.contains(from) != isNew else { continue }
                    for to in emptiestFirst where to != source && arrivals[to] == nil {
                        let move = Move(partition: index, from: from, to: to)
                        guard self.isAllowed(move, role, isOneTopic: isOneTopic) else { continue }
                        arrivals[to] = move
                        queue.append(to)
                        if counts[to] <= counts[source] - 2 { return self.moves(to: to, from: source, arrivals) }
                    }
                }
            }
        }
        return nil
    }

    private func moves(to target: Int, from source: Int, _ arrivals: [Move?]) -> [Move] {
        var moves: [Move] = []
        var broker = target
        while broker != source, let move = arrivals[broker] {
            moves.append(move)
            broker = move.from
        }
        return moves
    }

    private func isCounted(_ broker: Int, of index: Int, _ role: Role) -> Bool {
        switch role {
        case .replica: self.partitions[index].replicas.contains(broker)
        case .leader: self.partitions[index].replicas.first == broker
        }
    }

    private func isAllowed(_ move: Move, _ role: Role, isOneTopic: Bool) -> Bool {
        let partition = self.partitions[move.partition]
        // Evening out all topics leaves each of them as even as it is.
        let counts = self.ofTopic[partition.topic]
        guard isOneTopic || counts[move.from] > counts[move.to] else { return false }
        switch role {
        case .leader:
            return partition.replicas.contains(move.to)
        case .replica:
            guard !partition.replicas.contains(move.to) else { return false }
            let replicas = partition.replicas.map { $0 == move.from ? move.to : $0 }
            return self.isSpreadOverRacks(replicas, factor: partition.factor)
        }
    }

    /// Performs all moves, or none if one prevents another.
    private mutating func perform(_ path: [Move], _ role: Role, isOneTopic: Bool) -> Bool {
        for (index, move) in path.enumerated() {
            guard self.isCounted(move.from, of: move.partition, role),
                self.isAllowed(move, role, isOneTopic: isOneTopic)
            else {
                for done in path[..<index].reversed() { self.perform(done.reversed, role) }
                return false
            }
            self.perform(move, role)
        }
        return true
    }

    private mutating func perform(_ move: Move, _ role: Role) {
        let replicas = self.partitions[move.partition].replicas
        self.partitions[move.partition].replicas = replicas.map { broker in
            if broker == move.from { return move.to }
            // The leaders change places.
            return role == .leader && broker == move.to ? move.from : broker
        }
        let topic = self.partitions[move.partition].topic
        self.ofAll[move.from] -= 1
        self.ofAll[move.to] += 1
        self.ofTopic[topic][move.from] -= 1
        self.ofTopic[topic][move.to] += 1
    }
}
