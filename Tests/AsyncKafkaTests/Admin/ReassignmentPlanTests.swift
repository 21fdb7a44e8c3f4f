// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTestSupport
import Testing

@testable import AsyncKafka

/// The plan that spreads replicas over brokers.
@Suite(.timeLimit(.minutes(1))) struct ReassignmentPlanTests {
    private func brokers(_ ids: some Sequence<Int32>, rack: (Int32) -> String? = { _ in nil }) -> [Broker] {
        ids.map { Broker(id: $0, host: "h", port: 1, rack: rack($0)) }
    }

    private func topic(_ name: String, _ replicas: [[Int32]]) -> TopicDescription {
        TopicDescription(
            name: name, isInternal: false,
            partitions: replicas.enumerated().map { index, brokers in
                PartitionDescription(
                    partition: Int32(index), leader: brokers.first, replicas: brokers, inSyncReplicas: brokers,
                    offlineReplicas: [])
            })
    }

    /// The topics as they are after the plan.
    private func applied(_ plan: ReassignmentPlan, to topics: [TopicDescription]) -> [TopicDescription] {
        let changes = Dictionary(uniqueKeysWithValues: plan.changes.map { ($0.partition, $0.to) })
        return topics.map { topic in
            self.topic(
                topic.name,
                topic.partitions.map { changes[TopicPartition(topic.name, $0.partition)] ?? $0.replicas })
        }
    }

    /// How many replicas, or only leaders, each of the brokers has.
    private func counts(
        _ topics: [TopicDescription], over ids: [Int32], leaders: Bool = false
    ) -> [Int32: Int] {
        var counts = Dictionary(uniqueKeysWithValues: ids.map { ($0, 0) })
        for partition in topics.flatMap(\.partitions) {
            for broker in leaders ? partition.replicas.prefix(1) : partition.replicas[...] {
                counts[broker, default: 0] += 1
            }
        }
        return counts
    }

    private func difference(_ counts: [Int32: Int]) -> Int {
        (counts.values.max() ?? 0) - (counts.values.min() ?? 0)
    }

    @Test func aNewBrokerGetsItsShareAndNothingElseMoves() throws {
        let orders = self.topic("orders", [[1, 2], [2, 1], [1, 2], [2, 1], [1, 2], [2, 1]])
        let plan = try ReassignmentPlan(spreading: [orders], over: self.brokers(1...3))
        #expect(plan.changes.flatMap(\.added) == [3, 3, 3, 3])
        let after = self.applied(plan, to: [orders])
        #expect(self.counts(after, over: [1, 2, 3]) == [1: 4, 2: 4, 3: 4])
        #expect(self.counts(after, over: [1, 2, 3], leaders: true) == [1: 2, 2: 2, 3: 2])
        #expect("\(plan)".hasSuffix(" of 6 partitions change, 4 replicas are copied") == false)
        #expect("\(plan)".contains(" of 6 partitions change, 4 replicas are copied\n  orders-"))
        #expect(plan.reassignments.count == plan.changes.count)
    }

    @Test func theReplicasOfABrokerThatLeavesGoToTheOthers() throws {
        let topics = [self.topic("a", [[1, 2], [2, 3], [3, 1]]), self.topic("b", [[3, 2]])]
        let plan = try ReassignmentPlan(spreading: topics, over: self.brokers(1...2))
        let after = self.applied(plan, to: topics)
        #expect(self.counts(after, over: [1, 2]) == [1: 4, 2: 4])
        #expect(plan.changes.flatMap(\.added).count == 3)
    }

    @Test func theReplicationFactorChanges() throws {
        let topics = [self.topic("a", [[1], [2], [3]])]
        let brokers = self.brokers(1...3)
        let wider = try ReassignmentPlan(spreading: topics, over: brokers, replicationFactor: 2)
        let after = self.applied(wider, to: topics)
        #expect(self.counts(after, over: [1, 2, 3]) == [1: 2, 2: 2, 3: 2])
        #expect(wider.changes.map { $0.to.first } == [1, 2, 3], "the leaders stay")
        let narrower = try ReassignmentPlan(spreading: after, over: brokers, replicationFactor: 1)
        #expect(self.counts(self.applied(narrower, to: after), over: [1, 2, 3]) == [1: 1, 2: 1, 3: 1])
        #expect(narrower.changes.flatMap(\.added).isEmpty)
    }

    @Test func onlyTheOrderChangesIfOnlyLeadersAreUneven() throws {
        let topics = [self.topic("a", [[1, 2], [1, 2], [1, 2], [1, 2]])]
        let plan = try ReassignmentPlan(spreading: topics, over: self.brokers(1...2))
        #expect(plan.changes.count == 2 && plan.changes.flatMap(\.added).isEmpty)
        #expect(self.counts(self.applied(plan, to: topics), over: [1, 2], leaders: true) == [1: 2, 2: 2])
    }

    @Test func whatCannotBePlannedSaysWhy() throws {
        let topics = [self.topic("a", [[1, 2]])]
        let few = #expect(throws: KafkaError.self) {
            try ReassignmentPlan(spreading: topics, over: self.brokers(1...1))
        }
        #expect(few?.code == .invalidArgument && few?.topic == "a")
        #expect(few?.message.contains("2 replicas can't be spread over 1 broker.") == true)
        #expect(throws: KafkaError.self) {
            try ReassignmentPlan(spreading: topics, over: self.brokers(1...2), replicationFactor: 0)
        }
        let partly = self.brokers(1...2) { $0 == 1 ? "a" : nil }
        let racks = #expect(throws: KafkaError.self) { try ReassignmentPlan(spreading: topics, over: partly) }
        #expect(racks?.message.contains("Broker 2 has no rack") == true)
        #expect(throws: Never.self) {
            try ReassignmentPlan(spreading: topics, over: partly, ignoringRacks: true)
        }
        #expect(try ReassignmentPlan(spreading: [], over: []).changes.isEmpty)
    }

    /// Random clusters: of any replicas the plan makes an even spread, and of that it changes nothing.
    @Test(arguments: UInt64(1)...60)
    func anyClusterIsSpreadEvenly(seed: UInt64) throws {
        var random = SeededRandom(seed)
        let rackCount = Int32.random(in: 1...4, using: &random)
        let perRack = Int32.random(in: 1...4, using: &random)
        let ids = Array(1...(rackCount * perRack))
        // With a single rack or none, all brokers are equal.
        let brokers = self.brokers(ids) { rackCount == 1 ? nil : "rack \($0 % rackCount)" }
        // Some replicas are on brokers that no longer exist.
        let old = ids + [100, 101, 102, 103]
        let topics = (0..<Int.random(in: 1...6, using: &random)).map { index in
            let factor = Int.random(in: 1...min(4, ids.count), using: &random)
            return self.topic(
                "t\(index)",
                (0..<Int.random(in: 1...12, using: &random)).map { _ in
                    Array(old.shuffled(using: &random).prefix(factor))
                })
        }
        let plan = try ReassignmentPlan(spreading: topics, over: brokers)
        let after = self.applied(plan, to: topics)
        let racks = Dictionary(uniqueKeysWithValues: brokers.map { ($0.id ?? 0, $0.rack) })
        for (topic, own) in zip(topics, after) {
            for (old, new) in zip(topic.partitions, own.partitions) {
                #expect(new.replicas.count == old.replicas.count)
                #expect(Set(new.replicas).count == new.replicas.count && Set(new.replicas).isSubset(of: ids))
                guard rackCount > 1 else { continue }
                #expect(
                    Set(new.replicas.map { racks[$0] }).count == min(new.replicas.count, Int(rackCount)),
                    "\(new.replicas)")
            }
            #expect(self.difference(self.counts([own], over: ids)) <= 1, "\(own)")
            // No leader could hand over to one of its followers that leads less.
            let leaders = self.counts([own], over: ids, leaders: true)
            for partition in own.partitions {
                let led = leaders[partition.replicas[0]] ?? 0
                #expect(partition.replicas.allSatisfy { led - (leaders[$0] ?? 0) <= 1 }, "\(own)")
            }
        }
        #expect(self.difference(self.counts(after, over: ids)) <= 1)

        let again = try ReassignmentPlan(spreading: after, over: brokers)
        #expect(again.changes.isEmpty)
    }

    /// A topic that is spread evenly already: a further broker gets its share, and no other replica is copied.
    @Test(arguments: UInt64(1)...20)
    func aFurtherBrokerGetsItsShareOnly(seed: UInt64) throws {
        var random = SeededRandom(seed)
        let count = Int32.random(in: 3...9, using: &random)
        let factor = Int32.random(in: 1...3, using: &random)
        let replicas = (0..<Int32.random(in: 1...40, using: &random)).map { partition in
            (0..<factor).map { (partition + $0) % count + 1 }
        }
        let topics = [self.topic("t", replicas)]
        let even = try ReassignmentPlan(spreading: topics, over: self.brokers(1...count))
        let before = self.applied(even, to: topics)
        let plan = try ReassignmentPlan(spreading: before, over: self.brokers(1...count + 1))
        let total = replicas.count * Int(factor)
        let added = plan.changes.flatMap(\.added)
        #expect(Set(added).isSubset(of: [count + 1]))
        #expect(added.count == total / Int(count + 1), "the share, rounded down")
    }
}
