// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The improvement of a first distribution by exchanges.
///
/// The distributions are flows in a graph. A path leads from a member over a partition that it gives away, the
/// partition's kind, and a class that reads the kind, to the member that takes the partition. A node for the *pool*
/// connects members that end up with one partition less to members that end up with one more. Each edge has a cost: a
/// higher load counts more than any number of remote partitions, and those count more than any number of lost claims. A
/// cycle with a negative cost is an exchange that makes the distribution better, and a distribution without one is the
/// best there is.
extension StickyDistribution {
    private enum Cost {
        static let lostClaim = 1
        static let remote = 1 << 18
        static let load = 1 << 36
    }

    private struct Edge {
        var from: Int
        var to: Int
        var cost: Int
        /// The partition that is given away along this edge, if any.
        var partition: Int?
    }

    /// Makes exchanges until none makes the distribution better or the budget is exhausted. Returns what is left of it.
    mutating func improve(_ budget: Int) -> Int {
        let fixed = self.edgesOfReaders()
        var budget = budget
        while budget > 0 {
            let edges = self.edgesOfGivers() + fixed + self.edgesOfTakers()
            let cycles = self.negativeCycles(edges, &budget)
            if cycles.isEmpty { break }
            for cycle in cycles { self.exchange(cycle) }
        }
        return budget
    }

    // MARK: The graph

    private var pool: Int { 0 }
    private func node(ofMember member: Int) -> Int { 1 + member }
    private func node(ofKind kind: Int) -> Int { 1 + self.members.count + kind }
    private func node(ofClass number: Int) -> Int { 1 + self.members.count + self.readers.count + number }
    private var nodeCount: Int { 1 + self.members.count + self.readers.count + (self.classes.max() ?? -1) + 1 }

    private func remoteCost(_ kind: Int, to member: Int) -> Int {
        self.isRemote(kind, to: member) ? Cost.remote : 0
    }

    /// From the pool to each member that can give a partition, from there to the kinds of its partitions, and from there
    /// back to members that claim one of them.
    private func edgesOfGivers() -> [Edge] {
        var edges: [Edge] = []
        edges.reserveCapacity(self.members.count + 2 * self.partitions.count)
        for (member, load) in self.loads.enumerated() where load > 0 {
            edges.append(
                Edge(from: self.pool, to: self.node(ofMember: member), cost: -Cost.load * (2 * load - 1)))
        }
        for (partition, owner) in self.owners.enumerated() {
            guard let owner else { continue }
            let kind = self.kinds[partition]
            let claimant = self.claimants[partition]
            let saved = -self.remoteCost(kind, to: owner)
            edges.append(
                Edge(
                    from: self.node(ofMember: owner), to: self.node(ofKind: kind),
                    cost: saved + (claimant == owner ? Cost.lostClaim : 0), partition: partition))
            if let claimant, claimant != owner {
                edges.append(
                    Edge(
                        from: self.node(ofMember: owner), to: self.node(ofMember: claimant),
                        cost: saved + self.remoteCost(kind, to: claimant) - Cost.lostClaim, partition: partition))
            }
        }
        return edges
    }

    /// From each kind to the classes that read it, and from there to their members.
    private func edgesOfReaders() -> [Edge] {
        var edges: [Edge] = []
        for (kind, readers) in self.readers.enumerated() {
            for reader in readers {
                edges.append(
                    Edge(
                        from: self.node(ofKind: kind), to: self.node(ofClass: reader.number),
                        cost: reader.isRemote ? Cost.remote : 0))
            }
        }
        for (member, number) in self.classes.enumerated() {
            edges.append(Edge(from: self.node(ofClass: number), to: self.node(ofMember: member), cost: 0))
        }
        return edges
    }

    /// From each member, which can take one more partition, to the pool.
    private func edgesOfTakers() -> [Edge] {
        self.loads.enumerated().map { member, load in
            Edge(from: self.node(ofMember: member), to: self.pool, cost: Cost.load * (2 * load + 1))
        }
    }

    // MARK: Cycles

    /// Finds cycles with a negative cost that have no node in common (by Bellman and Ford). Returns none if there are
    /// none, or if the budget is exhausted.
    private func negativeCycles(_ edges: [Edge], _ budget: inout Int) -> [[Edge]] {
        var distances = [Int](repeating: 0, count: self.nodeCount)
        /// The edge over which each node was reached last, -1 for none.
        var arrivals = [Int](repeating: -1, count: self.nodeCount)
        while budget > 0 {
            budget -= edges.count
            var hasChanged = false
            for (index, edge) in edges.enumerated() {
                let distance = distances[edge.from] + edge.cost
                if distance < distances[edge.to] {
                    distances[edge.to] = distance
                    arrivals[edge.to] = index
                    hasChanged = true
                }
            }
            guard hasChanged else { return [] }
            let cycles = Self.cycles(edges, arrivals)
            if !cycles.isEmpty { return cycles }
        }
        return []
    }

    /// The cycles among the edges of arrival.
    private static func cycles(_ edges: [Edge], _ arrivals: [Int]) -> [[Edge]] {
        var cycles: [[Edge]] = []
        /// The walk in which a node was visited, -1 for none.
        var visits = [Int](repeating: -1, count: arrivals.count)
        for start in arrivals.indices where visits[start] < 0 {
            var node = start
            while visits[node] < 0, arrivals[node] >= 0 {
                visits[node] = start
                node = edges[arrivals[node]].from
            }
            guard visits[node] == start, arrivals[node] >= 0 else { continue }
            var cycle: [Edge] = []
            let end = node
            repeat {
                let edge = edges[arrivals[node]]
                cycle.append(edge)
                node = edge.from
            } while node != end
            cycles.append(cycle.reversed())
        }
        return cycles
    }

    /// Gives each partition on a cycle to the next member on it.
    private mutating func exchange(_ cycle: [Edge]) {
        // The walk begins at a member that gives a partition away, or after it with the pool.
        guard let start = cycle.firstIndex(where: { $0.partition != nil }) else { return }
        var given: Int?
        for edge in cycle[start...] + cycle[..<start] {
            given = edge.partition ?? given
            let member = edge.to - 1
            if let partition = given, self.members.indices.contains(member) {
                self.give(partition, to: member)
                given = nil
            }
        }
    }
}
