// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaProtocol
import KafkaTestSupport

/// Requests of members of groups with the consumer protocol, and what a cluster answers: one line each, which are to be the
/// same on every cluster.
final class GroupScript {
    let cluster: TestCluster
    let client: RawClient
    private(set) var lines: [String] = []
    private var part = ""

    private init(cluster: TestCluster, client: RawClient) {
        self.cluster = cluster
        self.client = client
    }

    /// Runs the script on a cluster with one broker.
    static func run(on cluster: TestCluster) async throws -> [String] {
        let client = try await RawClient.connect(to: cluster.bootstrapServers[0])
        defer { client.close() }
        let script = GroupScript(cluster: cluster, client: client)
        try await script.refuse()
        try await script.move()
        try await script.fence()
        try await script.keepStaticMembers()
        try await script.commitOffsets()
        try await script.changeSubscriptions()
        try await script.useRange()
        try await script.matchPatterns()
        try await script.migrate()
        try await script.migrateCooperatively()
        try await script.missDeadlines()
        try await script.administer()
        try await script.changeTopics()
        return script.lines
    }

    func begin(_ part: String) {
        self.part = part
    }

    func note(_ step: String, _ answer: some Any) {
        self.lines.append("\(self.part), \(step): \(answer)")
    }

    /// Returns a group whose coordinator is ready, with topics of these numbers of partitions.
    func rig(_ topics: KeyValuePairs<String, Int>) async throws -> ConsumerGroupRig {
        let rig = ConsumerGroupRig(client: self.client, group: unique("group"))
        for (short, partitions) in topics {
            let name = try await self.cluster.createTopic(short, partitions: partitions)
            try await rig.know(name, as: short)
        }
        try await eventually("the group's coordinator is ready") {
            var request = FindCoordinatorRequest()
            request.coordinatorKeys = [rig.group]
            guard try await self.client.ask(request, version: 4).coordinators[0].errorCode == .none else {
                return false
            }
            return try await self.client.committed(rig.group, topic: "t").error == .none
        }
        try await self.untilKnown(topics, rig)
        return rig
    }

    /// Waits until the coordinator knows the topics, which a member of another group sees.
    private func untilKnown(_ topics: KeyValuePairs<String, Int>, _ rig: ConsumerGroupRig) async throws {
        let probe = ConsumerGroupRig(client: self.client, group: unique("probe"))
        for (short, _) in topics { try await probe.know(rig.clusterName(short), as: short) }
        try await eventually("the coordinator knows the topics") {
            _ = try await probe.join("p") { $0.topics = topics.map(\.key) }
            return topics.allSatisfy { short, partitions in probe.assigned["p"]?[short]?.count == partitions }
        }
        _ = try await probe.heartbeat("p") { $0.epoch = -1 }
    }

    private func refuse() async throws {
        self.begin("refused")
        let rig = try await self.rig(["t": 2])
        self.note("unknown group", try await rig.heartbeat("a") { $0.epoch = 1 })
        self.note("leave an unknown group", try await rig.heartbeat("a") { $0.epoch = -1 })
        self.note("no group described", try await rig.described())
        self.note("no ID", try await rig.join("", "t"))
        self.note("empty instance", try await rig.join("a", "t") { $0.instance = "" })
        self.note("empty rack", try await rig.join("a", "t") { $0.rack = "" })
        self.note("no timeout", try await rig.join("a", "t") { $0.timeout = nil })
        self.note("partitions", try await rig.join("a", "t") { $0.owned = ["t": [0]] })
        self.note("nil partitions", try await rig.join("a", "t") { $0.owned = nil })
        self.note("no subscription", try await rig.join("a", "t") { $0.topics = nil })
        self.note("epoch -2", try await rig.heartbeat("a") { $0.epoch = -2 })
        self.note("epoch -3", try await rig.heartbeat("a") { $0.epoch = -3 })
        self.note("no such assignor", try await rig.join("a", "t") { $0.assignor = "sticky" })
        self.note("still no group", try await rig.listed() ?? "none")
        self.note("version 0 without ID", try await rig.join("", "t") { $0.version = 0 }.prefix(8))
        self.note("unknown member", try await rig.heartbeat("a") { $0.epoch = 1 })
        self.note("unknown member leaves", try await rig.heartbeat("a") { $0.epoch = -1 })
        self.note("unknown instance", try await rig.heartbeat("a") { ($0.epoch, $0.instance) = (1, "i") })
        self.note("invalid pattern", try await rig.join("b", "t") { $0.pattern = "(" })
        self.note("pattern that looks ahead", try await rig.join("b", "t") { $0.pattern = "(?=t).*" })
    }

    private func move() async throws {
        self.begin("moves")
        let rig = try await self.rig(["t": 7])
        self.note("a joins", try await rig.join("a", "t") { $0.rack = "r" })
        self.note("a", try await rig.heartbeat("a"))
        self.note("a says all", try await rig.settle("a"))
        self.note("described", try await rig.described())
        self.note("described in version 0", try await rig.described(version: 0))
        self.note("b joins", try await rig.join("b", "t"))
        self.note("b", try await rig.heartbeat("b"))
        let whole = rig.assigned["a"]
        self.note("a is asked", try await rig.heartbeat("a"))
        self.note("described", try await rig.described())
        self.note("a again", try await rig.heartbeat("a"))
        self.note("a still has all", try await rig.heartbeat("a") { $0.owned = whole })
        self.note("b waits", try await rig.settle("b"))
        self.note("c joins", try await rig.join("c", "t"))
        self.note("a", try await rig.heartbeat("a"))
        self.note("a gives up", try await rig.settle("a"))
        self.note("described", try await rig.described())
        self.note("a gives up more", try await rig.settle("a"))
        self.note("b", try await rig.settle("b"))
        self.note("c", try await rig.settle("c"))
        self.note("b", try await rig.settle("b"))
        self.note("c", try await rig.settle("c"))
        self.note("a", try await rig.settle("a"))
        self.note("described", try await rig.described())
        self.note("listed", try await rig.listed() ?? "none")
        self.note("a joins again", try await rig.join("a", "t"))
        self.note("b leaves", try await rig.heartbeat("b") { $0.epoch = -1 })
        self.note("described", try await rig.described())
        self.note("c", try await rig.settle("c"))
        self.note("a", try await rig.settle("a"))
        self.note("described", try await rig.described())
        self.note("a leaves", try await rig.heartbeat("a") { $0.epoch = -1 })
        self.note("c leaves", try await rig.heartbeat("c") { $0.epoch = -1 })
        self.note("described", try await rig.described())
        self.note("listed", try await rig.listed() ?? "none")
        self.note("d joins", try await rig.join("d", "t"))
    }

    private func fence() async throws {
        self.begin("fenced")
        let rig = try await self.rig(["t": 4])
        self.note("a joins", try await rig.join("a", "t"))
        self.note("b joins", try await rig.join("b", "t"))
        let (first, whole) = (rig.epochs["a"] ?? 0, rig.assigned["a"])
        self.note("a is asked", try await rig.heartbeat("a"))
        self.note("a gives up", try await rig.settle("a"))
        let current = rig.epochs["a"] ?? 0
        let half = rig.assigned["a"]
        self.note("higher epoch", try await rig.heartbeat("a") { $0.epoch = current + 1 })
        self.note("previous epoch", try await rig.heartbeat("a") { $0.epoch = first })
        self.note("previous epoch, all", try await rig.heartbeat("a") { ($0.epoch, $0.owned) = (first, whole) })
        self.note("previous epoch, half", try await rig.heartbeat("a") { ($0.epoch, $0.owned) = (first, half) })
        self.note("previous epoch, nothing", try await rig.heartbeat("a") { ($0.epoch, $0.owned) = (first, [:]) })
        self.note("earlier epoch", try await rig.heartbeat("a") { ($0.epoch, $0.owned) = (first - 1, [:]) })
        self.note("good epoch", try await rig.heartbeat("a") { $0.epoch = current })
        self.note("joins again", try await rig.join("a", "t"))
        self.note("described", try await rig.described())
    }

    private func keepStaticMembers() async throws {
        self.begin("static")
        let rig = try await self.rig(["t": 4])
        self.note("a joins", try await rig.join("a", "t") { $0.instance = "i" })
        self.note("b joins", try await rig.join("b", "t") { $0.instance = "j" })
        self.note("a", try await rig.heartbeat("a") { $0.instance = "i" })
        self.note("a", try await rig.heartbeat("a") { ($0.instance, $0.owned) = ("i", rig.assigned["a"]) })
        self.note("b", try await rig.heartbeat("b") { $0.instance = "j" })
        self.note("taken", try await rig.join("c", "t") { $0.instance = "i" })
        self.note("the same", try await rig.join("a", "t") { $0.instance = "i" })
        self.note("unknown instance", try await rig.heartbeat("a") { $0.instance = "k" })
        self.note("other member", try await rig.heartbeat("c") { ($0.epoch, $0.instance) = (3, "i") })
        self.note("without instance", try await rig.heartbeat("a"))
        self.note("other member leaves", try await rig.heartbeat("c") { ($0.epoch, $0.instance) = (-2, "i") })
        self.note("a leaves for a while", try await rig.heartbeat("a") { ($0.epoch, $0.instance) = (-2, "i") })
        self.note("described", try await rig.described())
        self.note("b", try await rig.heartbeat("b") { ($0.instance, $0.owned) = ("j", rig.assigned["b"]) })
        self.note("a heartbeat", try await rig.heartbeat("a") { ($0.epoch, $0.instance) = (3, "i") })
        self.note("c takes the place", try await rig.join("c", "t") { $0.instance = "i" })
        self.note("described", try await rig.described())
        self.note("a is fenced", try await rig.heartbeat("a") { ($0.epoch, $0.instance) = (3, "i") })
        self.note("c leaves for a while", try await rig.heartbeat("c") { ($0.epoch, $0.instance) = (-2, "i") })
        self.note("c returns", try await rig.join("c", "t") { $0.instance = "i" })
        self.note("c leaves", try await rig.heartbeat("c") { ($0.epoch, $0.instance) = (-1, "i") })
        self.note("b", try await rig.heartbeat("b") { ($0.instance, $0.owned) = ("j", rig.assigned["b"]) })
        self.note("described", try await rig.described())
    }

    private func commitOffsets() async throws {
        self.begin("offsets")
        let rig = try await self.rig(["t": 4])
        self.note("a joins", try await rig.join("a", "t"))
        let first = rig.epochs["a"] ?? 0
        self.note("commit", try await rig.commit(1, of: "t", member: "a"))
        self.note("commit in version 10", try await rig.commit(1, of: "t", member: "a", version: 10))
        self.note("commit in version 8", try await rig.commit(1, of: "t", member: "a", version: 8))
        self.note("unknown member", try await rig.commit(1, of: "t", member: "x", epoch: 1))
        self.note("no member", try await rig.commit(1, of: "t", member: "", epoch: -1))
        self.note("later epoch", try await rig.commit(1, of: "t", member: "a", epoch: first + 1))
        self.note("earlier epoch", try await rig.commit(1, of: "t", member: "a", epoch: first - 1))
        self.note("instance", try await rig.commit(1, of: "t", member: "a", instance: "i"))
        self.note("b joins", try await rig.join("b", "t"))
        self.note("a is asked", try await rig.heartbeat("a"))
        self.note("of what goes", try await rig.commit(2, of: "t", 3, member: "a"))
        self.note("a gives up", try await rig.settle("a"))
        self.note("b", try await rig.settle("b"))
        for partition in 0..<4 as Range<Int32> {
            self.note("\(partition) by a", try await rig.commit(3, of: "t", partition, member: "a"))
            self.note(
                "\(partition) by a before", try await rig.commit(3, of: "t", partition, member: "a", epoch: first))
            self.note("\(partition) by b", try await rig.commit(3, of: "t", partition, member: "b", epoch: first))
        }
        self.note("committed", try await rig.committed("t"))
        self.note("by a", try await rig.committed("t", member: "a", epoch: rig.epochs["a"] ?? 0))
        self.note("by a before", try await rig.committed("t", member: "a", epoch: first))
        self.note("by x", try await rig.committed("t", member: "x", epoch: 1))
        self.note("by a without epoch", try await rig.committed("t", member: "a"))
        for member in ["a", "b"] { _ = try await rig.heartbeat(member) { $0.epoch = -1 } }
        self.note("empty, no member", try await rig.commit(4, of: "t", member: "", epoch: -1))
        self.note("empty, in version 8", try await rig.commit(4, of: "t", member: "", epoch: -1, version: 8))
        self.note("empty, member", try await rig.commit(4, of: "t", member: "a", epoch: 1))
    }

    private func changeSubscriptions() async throws {
        self.begin("subscriptions")
        let rig = try await self.rig(["t": 2, "u": 2, "v": 3])
        self.note("a joins", try await rig.join("a", "t"))
        self.note("a adds u", try await rig.heartbeat("a") { $0.topics = ["t", "u"] })
        self.note("a says all", try await rig.settle("a"))
        self.note("a drops t", try await rig.heartbeat("a") { $0.topics = ["u"] })
        self.note("described", try await rig.described())
        self.note("a adds v", try await rig.heartbeat("a") { $0.topics = ["u", "v"] })
        self.note("a drops u", try await rig.heartbeat("a") { $0.topics = ["v"] })
        self.note("described", try await rig.described())
        self.note("a gives up", try await rig.settle("a"))
        self.note("a", try await rig.settle("a"))
        self.note("a wants nothing", try await rig.heartbeat("a") { $0.topics = [] })
        self.note("a", try await rig.settle("a"))
        self.note("a", try await rig.settle("a"))
        self.note("described", try await rig.described())
        self.note("b joins for an unknown topic", try await rig.join("b", "w"))
        self.note("described", try await rig.described())
        self.note("c joins for nothing", try await rig.join("c"))
        self.note("described", try await rig.described())
    }

    private func useRange() async throws {
        self.begin("range")
        let rig = try await self.rig(["t": 5, "u": 3])
        self.note("a joins", try await rig.join("a", "t", "u") { $0.assignor = "range" })
        self.note("b joins", try await rig.join("b", "t", "u") { $0.assignor = "range" })
        for member in ["a", "a", "b"] { self.note(member, try await rig.settle(member)) }
        self.note("c joins", try await rig.join("c", "t") { $0.assignor = "uniform" })
        self.note("described", try await rig.described())
        self.note("b changes its mind", try await rig.heartbeat("b") { $0.assignor = "uniform" })
        self.note("described", try await rig.described().prefix(50))
    }

    private func matchPatterns() async throws {
        self.begin("patterns")
        let rig = try await self.rig(["t": 2, "u": 1])
        let name = rig.clusterName("t")
        // Kafka matches patterns in the background.
        func join(_ member: String, _ pattern: String, _ topics: String..., count: Int) async throws {
            _ = try await rig.join(member) { ($0.topics, $0.pattern) = (topics, pattern) }
            try await eventually("the pattern has been matched") {
                _ = try await rig.settle(member)
                return rig.assigned[member]?.values.reduce(0) { $0 + $1.count } == count
            }
            let text = try await rig.described().replacing(name, with: "NAME")
            self.note(member, text.split(separator: "type").dropFirst().joined())
        }
        try await join("a", name, count: 2)
        self.note("none", try await rig.heartbeat("a") { $0.pattern = "" }.hasSuffix("nothing"))
        _ = try await rig.heartbeat("a") { $0.epoch = -1 }
        try await join("b", ".*" + name.dropFirst(2), "u", count: 3)
        _ = try await rig.heartbeat("b") { $0.epoch = -1 }
        try await join("c", #"no\.\d{2,3}[^a-z]"# + "|" + name, count: 2)
    }

    private func changeTopics() async throws {
        self.begin("topics")
        let rig = try await self.rig(["t": 2, "u": 2])
        self.note("a joins", try await rig.join("a", "t", "u"))
        var topic = CreatePartitionsRequest.CreatePartitionsTopic()
        topic.name = rig.clusterName("t")
        topic.count = 3
        topic.assignments = nil
        var request = CreatePartitionsRequest()
        request.timeoutMs = 10_000
        request.topics = [topic]
        self.note("a partition more", try await self.client.ask(request, version: 3).results.map(\.errorCode))
        try await eventually("the group knows the partition") {
            _ = try await rig.settle("a")
            return rig.assigned["a"]?["t"]?.count == 3
        }
        self.note("described", try await rig.described())
        try await self.cluster.deleteTopic(rig.clusterName("u"))
        try await eventually("the group knows that the topic is gone") {
            _ = try await rig.settle("a")
            return rig.assigned["a"]?["u"] == nil
        }
        self.note("a", try await rig.settle("a"))
        self.note("described", try await rig.described())
    }

    private func missDeadlines() async throws {
        self.begin("deadlines")
        let rig = try await self.rig(["t": 2])
        self.note("a joins", try await rig.join("a", "t", timeout: 200))
        self.note("b joins", try await rig.join("b", "t"))
        self.note("a is asked", try await rig.heartbeat("a"))
        try await eventually("a is removed") { try await !rig.described().contains("a - ") }
        self.note("described", try await rig.described())
        self.note("a", try await rig.settle("a"))
        self.note("b", try await rig.settle("b"))
        self.note("described", try await rig.described())
    }

    private func administer() async throws {
        self.begin("administration")
        let rig = try await self.rig(["t": 2, "u": 1])
        self.note("described", try await rig.describedAsClassic())
        self.note("a joins", try await rig.join("a", "t"))
        self.note("described", try await rig.describedAsClassic())
        self.note("described in version 5", try await rig.describedAsClassic(version: 5))
        self.note("listed", try await rig.listed(types: ["Consumer"], states: ["stable"]) ?? "none")
        self.note("listed as classic", try await rig.listed(types: ["classic"]) ?? "none")
        self.note("commit", try await rig.commit(1, of: "t", member: "a"))
        self.note("delete the offset", try await rig.deleteOffset(of: "t"))
        self.note("delete another offset", try await rig.deleteOffset(of: "u"))
        self.note("deleted", try await rig.delete())
        self.note("a leaves", try await rig.heartbeat("a") { $0.epoch = -1 })
        self.note("delete the offset", try await rig.deleteOffset(of: "t"))
        self.note("deleted", try await rig.delete())
        self.note("described", try await rig.described())
        self.note("a joins", try await rig.join("a", "t"))
    }
}
