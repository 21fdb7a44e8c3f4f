// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Distributes partitions so that, in this order, the numbers of partitions differ as little as possible, as many
/// partitions as possible are in their member's rack, and as few as possible leave the member that had them.
///
/// Members and partitions are numbered. Members with the same subscription (and rack, if racks matter) form a *class*;
/// partitions of one topic (with the same racks, if racks matter) form a *kind*. A quick first distribution keeps what
/// was claimed, assigns the rest, and levels the loads. Then `improve` exchanges partitions until nothing gets better.
struct StickyDistribution {
    /// A class that reads a kind.
    struct Reader {
        var number: Int
        /// Whether racks matter and no replica is in the class's rack.
        var isRemote: Bool
    }

    /// The members in the order in which they are served.
    let members: [GroupMemberSubscription]
    let partitions: [TopicPartition]
    /// The kind of each partition.
    let kinds: [Int]
    /// The classes that read each kind, in ascending order.
    let readers: [[Reader]]
    /// The class of each member.
    let classes: [Int]
    /// The member whose claim to each partition is believed and that may still read it.
    let claimants: [Int?]
    private let claims: PartitionClaims
    private let mindsRacks: Bool

    /// The member of each partition, once it has one.
    private(set) var owners: [Int?]
    /// The number of partitions of each member.
    private(set) var loads: [Int]
    /// The members of each class by load.
    private var queues: [LoadQueue]

    /// - Parameters:
    ///   - topics: the topics to distribute.
    ///   - members: the members in any order.
    ///   - claim: returns the partitions that a member had, and in which generation it was assigned them.
    init(
        of topics: [String: AssignableTopic], among members: [GroupMemberSubscription],
        claim: (GroupMemberSubscription) -> MemberAssignment
    ) {
        let members = members.sorted(by: GroupMemberSubscription.isServedBefore)
        let mindsRacks = RackAwareness.isUseful(
            members: Set(members.compactMap(\.knownRack)),
            partitions: topics.values.flatMap { topic in (0..<topic.partitionCount).map { topic.racks(of: $0) } })

        struct Class: Hashable {
            var topics: Set<String>
            var rack: String?

            // Hashing all topics of all members would take longer than the distribution.
            func hash(into hasher: inout Hasher) {
                hasher.combine(self.topics.count)
                hasher.combine(self.topics.min())
                hasher.combine(self.rack)
            }
        }
        var classes = Numbering<Class>()
        self.classes = members.map { classes.number(Class(topics: $0.topics, rack: mindsRacks ? $0.knownRack : nil)) }
        var classesByTopic: [String: [Int]] = [:]
        for (number, group) in classes.values.enumerated() {
            for topic in group.topics { classesByTopic[topic, default: []].append(number) }
        }

        struct Kind: Hashable {
            var topic: String
            var racks: Set<String>
        }
        var kinds = Numbering<Kind>()
        var partitions: [TopicPartition] = []
        self.kinds = topics.sorted { $0.key < $1.key }.flatMap { name, topic in
            guard classesByTopic[name] != nil else { return [Int]() }
            return (0..<topic.partitionCount).map { partition in
                partitions.append(TopicPartition(name, Int32(partition)))
                return kinds.number(Kind(topic: name, racks: mindsRacks ? topic.racks(of: partition) : []))
            }
        }
        self.readers = kinds.values.map { kind in
            classesByTopic[kind.topic, default: []].map { number in
                Reader(number: number, isRemote: classes.values[number].rack.map { !kind.racks.contains($0) } ?? false)
            }
        }
        let claims = PartitionClaims(members.map(claim))
        self.claimants = partitions.map { partition in
            guard let claimant = claims.believed[partition] ?? nil else { return nil }
            return members[claimant].topics.contains(partition.topic) ? claimant : nil
        }
        self.members = members
        self.partitions = partitions
        self.claims = claims
        self.mindsRacks = mindsRacks
        self.owners = partitions.map { _ in nil }
        self.loads = members.map { _ in 0 }
        self.queues = classes.values.map { _ in LoadQueue() }
        for member in members.indices { self.queues[self.classes[member]].insert(member, load: 0) }
    }

    /// Numbers values in the order in which they come.
    private struct Numbering<Value: Hashable> {
        private(set) var values: [Value] = []
        private var numbers: [Value: Int] = [:]

        mutating func number(_ value: Value) -> Int {
            if let number = self.numbers[value] { return number }
            self.numbers[value] = self.values.count
            self.values.append(value)
            return self.values.count - 1
        }
    }

    // MARK: Results

    /// The partitions of each member by member id.
    func result() -> [String: [TopicPartition]] {
        var result = Dictionary(self.members.map { ($0.memberID, [TopicPartition]()) }) { $1 }
        for (partition, owner) in zip(self.partitions, self.owners) {
            if let owner { result[self.members[owner].memberID, default: []].append(partition) }
        }
        return result
    }

    /// Takes back the partitions that another member than the new one claims, so that the owner gives them up first. If
    /// several members claim a partition and none is believed, nobody gets it before all have given it up.
    mutating func withholdOwned() {
        for partition in self.partitions.indices {
            guard let claimant = self.claims.believed[self.partitions[partition]] else { continue }
            if claimant != self.owners[partition] { self.give(partition, to: nil) }
        }
    }

    // MARK: Moving a partition

    /// Gives a partition to a member.
    mutating func give(_ partition: Int, to member: Int?) {
        if let owner = self.owners[partition] { self.changeLoad(of: owner, by: -1) }
        self.owners[partition] = member
        if let member { self.changeLoad(of: member, by: 1) }
    }

    private mutating func changeLoad(of member: Int, by change: Int) {
        self.loads[member] += change
        self.queues[self.classes[member]].insert(member, load: self.loads[member])
    }

    /// Whether racks matter and no replica of the kind is in a member's rack.
    func isRemote(_ kind: Int, to member: Int) -> Bool {
        self.mindsRacks && self.reader(self.classes[member], of: kind)?.isRemote == true
    }

    /// The class as a reader of the kind; nil if it doesn't read it.
    private func reader(_ number: Int, of kind: Int) -> Reader? {
        let readers = self.readers[kind]
        var low = 0
        var high = readers.count
        while low < high {
            let middle = (low + high) / 2
            if readers[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low < readers.count && readers[low].number == number ? readers[low] : nil
    }

    // MARK: The first distribution

    /// Finds the distribution.
    ///
    /// - Parameter budget: how often `improve` may look at an edge. It bounds the time for groups in which very many
    ///   exchanges are possible; they then get a complete distribution that is good but not the best.
    /// - Returns: what is left of the budget; more than zero if the distribution is the best there is.
    @discardableResult
    mutating func run(budget: Int = 60_000_000) -> Int {
        guard !self.members.isEmpty, !self.partitions.isEmpty else { return budget }
        let share = (self.partitions.count - 1) / self.members.count + 1
        for partition in self.partitions.indices {
            guard let claimant = self.claimants[partition] else { continue }
            if !self.isRemote(self.kinds[partition], to: claimant) { self.give(partition, to: claimant) }
        }
        if self.mindsRacks {
            // A replica in the rack is worth more than staying, and both are worth less than balance.
            self.fill { !$0.isRemote && $1 < share }
            for partition in self.partitions.indices where self.owners[partition] == nil {
                guard let claimant = self.claimants[partition], self.loads[claimant] < share else { continue }
                self.give(partition, to: claimant)
            }
        }
        self.fill { _, _ in true }
        while self.level() {}
        return self.improve(budget)
    }

    /// Gives each partition without a member to the least loaded one that reads it, if the condition (on its class and
    /// load) holds. Partitions with few readers come first.
    private mutating func fill(if condition: (Reader, _ load: Int) -> Bool) {
        let sizes = self.classes.reduce(into: self.queues.map { _ in 0 }) { $0[$1] += 1 }
        let choice = self.readers.map { readers in readers.reduce(0) { $0 + sizes[$1.number] } }
        let open = self.partitions.indices.filter { self.owners[$0] == nil }
            .sorted { (choice[self.kinds[$0]], $0) < (choice[self.kinds[$1]], $1) }
        for partition in open {
            var best: Int?
            for reader in self.readers[self.kinds[partition]] {
                guard let member = self.queues[reader.number].first(self.loads),
                    condition(reader, self.loads[member])
                else { continue }
                if let known = best, (self.loads[known], known) < (self.loads[member], member) { continue }
                best = member
            }
            if let best { self.give(partition, to: best) }
        }
    }

    /// Moves partitions from the most loaded members directly to the least loaded ones that read them. Returns whether
    /// any were moved.
    private mutating func level() -> Bool {
        var held = Held(self)
        var heaviest = LoadQueue()
        let limit = self.partitions.count
        // The queue's first is the lowest, so loads are counted from the limit down.
        var rooms = self.loads.map { limit - $0 }
        for member in self.members.indices { heaviest.insert(member, load: rooms[member]) }
        // The classes that read none of a member's partitions, until it gets others.
        var unable = self.members.map { _ in Set<Int>() }
        var hasMoved = false
        while let giver = heaviest.first(rooms) {
            if let (partition, taker) = self.directMove(from: giver, held, &unable[giver]) {
                hasMoved = true
                self.give(partition, to: taker)
                unable[taker] = []
                held.move(partition, from: giver, to: taker, isClaimed: self.claimants[partition] == taker)
                for member in [giver, taker] {
                    rooms[member] = limit - self.loads[member]
                    heaviest.insert(member, load: rooms[member])
                }
            } else {
                rooms[giver] = -1
            }
        }
        return hasMoved
    }

    /// Chooses a partition that the giver can hand to a member with at least two partitions less, as few as possible.
    ///
    /// - Parameter unable: the classes that read none of the giver's partitions. Without it, a member without load whose topics
    ///   have no partitions would be looked at again for each partition that moves, without a result.
    private mutating func directMove(
        from giver: Int, _ held: Held, _ unable: inout Set<Int>
    ) -> (partition: Int, taker: Int)? {
        while true {
            var best: Int?
            for number in self.queues.indices where !unable.contains(number) { self.offer(number, &best) }
            guard let taker = best, self.loads[taker] + 2 <= self.loads[giver] else { return nil }
            if let partition = self.choice(from: giver, to: taker, held) { return (partition, taker) }
            unable.insert(self.classes[taker])
        }
    }

    /// Replaces the best member by the least loaded one of a class, if that has a lower load.
    private mutating func offer(_ number: Int, _ best: inout Int?) {
        guard let member = self.queues[number].first(self.loads) else { return }
        if let known = best, (self.loads[known], known) < (self.loads[member], member) { return }
        best = member
    }

    /// The partition of the giver that the taker reads and that the giver can best do without.
    private func choice(from giver: Int, to taker: Int, _ held: Held) -> Int? {
        var remote: Int?
        for partition in held.all(of: giver) {
            guard let reader = self.reader(self.classes[taker], of: self.kinds[partition]) else { continue }
            if !reader.isRemote { return partition }
            remote = remote ?? partition
        }
        return remote
    }

    /// The partitions that each member holds.
    private struct Held {
        /// Those that the member doesn't claim, and those that it does.
        private var foreign: [[Int]]
        private var own: [[Int]]

        init(_ distribution: StickyDistribution) {
            self.foreign = distribution.members.map { _ in [] }
            self.own = self.foreign
            for (partition, owner) in distribution.owners.enumerated() {
                guard let owner else { continue }
                if distribution.claimants[partition] == owner {
                    self.own[owner].append(partition)
                } else {
                    self.foreign[owner].append(partition)
                }
            }
        }

        /// All partitions of a member, beginning with those that it can best do without.
        func all(of member: Int) -> some Sequence<Int> {
            [self.foreign[member].reversed(), self.own[member].reversed()].lazy.joined()
        }

        mutating func move(_ partition: Int, from giver: Int, to taker: Int, isClaimed: Bool) {
            if let index = self.foreign[giver].lastIndex(of: partition) {
                self.foreign[giver].remove(at: index)
            } else if let index = self.own[giver].lastIndex(of: partition) {
                self.own[giver].remove(at: index)
            }
            if isClaimed { self.own[taker].append(partition) } else { self.foreign[taker].append(partition) }
        }
    }
}
