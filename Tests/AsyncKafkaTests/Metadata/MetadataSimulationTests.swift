// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// Metadata against a model of a cluster whose topics come and go, whose leaders move, and whose brokers fail or lag.
@Suite struct MetadataSimulationTests {
    /// The current state of the cluster, as its most recent broker knows it.
    private struct ModelCluster {
        var topics: [String: TopicMetadata] = [:]
        private var lastID: UInt64 = 0

        mutating func create(_ name: String, partitions: Int) {
            self.lastID += 1
            var topic = TopicMetadata(name: name)
            topic.id = KafkaUUID(high: 1, low: self.lastID)
            topic.partitions = (0..<partitions).map { index in
                PartitionMetadata(index: Int32(index), leader: 1, leaderEpoch: 0)
            }
            self.topics[name] = topic
        }

        mutating func moveLeader(_ name: String, to leader: Int32?, using random: inout SeededRandom) {
            guard let count = self.topics[name]?.partitions.count else { return }
            let index = Int.random(in: 0..<count, using: &random)
            self.topics[name]?.partitions[index].leader = leader
            self.topics[name]?.partitions[index].leaderEpoch! += 1
        }

        func answer(to interest: MetadataStateMachine.Interest) -> MetadataUpdate {
            let names: [String] =
                switch interest {
                case .all: Array(self.topics.keys)
                case .topics(let names): names
                }
            let topics = names.map { name -> TopicMetadata in
                if let topic = self.topics[name] { return topic }
                var unknown = TopicMetadata(name: name)
                unknown.error = .unknownTopicOrPartition
                return unknown
            }
            return MetadataUpdate(
                clusterID: "c", controllerID: 1,
                brokers: (1...3).map { Broker(id: Int32($0), host: "b\($0)", port: 9092) }, topics: topics)
        }
    }

    private static let names = ["a", "b", "c", "d"]

    private func change(_ cluster: inout ModelCluster, using random: inout SeededRandom) {
        let name = Self.names.randomElement(using: &random) ?? "a"
        switch Int.random(in: 0..<6, using: &random) {
        case 0: cluster.create(name, partitions: .random(in: 1...4, using: &random))
        case 1: cluster.topics[name] = nil
        case 2: cluster.moveLeader(name, to: nil, using: &random)
        default: cluster.moveLeader(name, to: .random(in: 1...3, using: &random), using: &random)
        }
    }

    /// A quiet cluster's metadata becomes complete and correct, and until then is requested at a bounded rate.
    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func metadataFollowsTheClusterAndNeverGoesBack(seed: UInt64) throws {
        var random = SeededRandom(seed)
        var cluster = ModelCluster()
        var machine = MetadataStateMachine(maximumAge: .seconds(300))
        var time = MonotonicTime(nanoseconds: 0)
        var history = [cluster]
        var watched: [String: WantedTopics.Extent] = [:]
        var newest: [KafkaUUID: [Int32: Int32]] = [:]
        let backoff = { (failures: Int) -> Duration in min(.milliseconds(100 * failures), .seconds(1)) }
        var lastRequest: MonotonicTime?

        for step in 0..<600 {
            let isQuiet = step >= 500
            if !isQuiet {
                if Int.random(in: 0..<4, using: &random) == 0 {
                    self.change(&cluster, using: &random)
                    history.append(cluster)
                }
                switch Int.random(in: 0..<20, using: &random) {
                case 0:
                    let names = Self.names.filter { _ in Bool.random(using: &random) }
                    watched = Dictionary(uniqueKeysWithValues: names.map { ($0, .all) })
                    machine.watch(.topics(watched), now: time)
                case 1: machine.requestUpdate()
                case 2: machine.use(topic: Self.names.randomElement(using: &random) ?? "a", now: time)
                default: break
                }
            } else if step == 500 {
                // All wanted topics exist, and a task notices that something has changed.
                for name in Self.names { cluster.create(name, partitions: 2) }
                history = [cluster]
                watched = Dictionary(uniqueKeysWithValues: Self.names.map { ($0, .all) })
                machine.watch(.topics(watched), now: time)
                machine.requestUpdate()
            }
            switch machine.nextRefresh(now: time) {
            case .whenAnswered: Issue.record("step \(step): no request is in flight")
            case .at(let next): time = min(next, time + .milliseconds(.random(in: 1...300, using: &random)))
            case .now:
                let asked = machine.begin(now: time)
                #expect(machine.nextRefresh(now: time) == .whenAnswered)
                lastRequest = time
                time = time + .milliseconds(.random(in: 0...20, using: &random))
                if !isQuiet, Int.random(in: 0..<5, using: &random) == 0 {
                    machine.failed(now: time, backoff: backoff)
                } else {
                    // A broker that lags behind the others by a change or two.
                    let answering = isQuiet ? cluster : history.suffix(3).randomElement(using: &random) ?? cluster
                    _ = machine.succeeded(answering.answer(to: asked), asked: asked, now: time, backoff: backoff)
                }
            }
            for topic in machine.snapshot.topics.values {
                for partition in topic.partitions {
                    let epoch = partition.leaderEpoch ?? -1
                    let before = newest[topic.id]?[partition.index] ?? -1
                    #expect(epoch >= before, "step \(step): \(topic.name)-\(partition.index) went back")
                    newest[topic.id, default: [:]][partition.index] = epoch
                }
            }
        }
        #expect(machine.isSettled)
        for name in Self.names {
            let known = try #require(machine.snapshot.topics[name])
            let real = try #require(cluster.topics[name])
            #expect(known.id == real.id)
            #expect(known.partitions.map(\.leader) == real.partitions.map(\.leader))
        }
        // Nothing is missing, so nothing is requested before everything is five minutes old.
        let last = try #require(lastRequest)
        guard case .at(let next) = machine.nextRefresh(now: time) else { return }
        #expect(next - last > .seconds(290))
    }

    /// Missing topics are requested again soon, and known within a second and a half of their creation.
    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func topicsThatAppearLateAreFoundSoon(seed: UInt64) {
        var random = SeededRandom(seed)
        var cluster = ModelCluster()
        var machine = MetadataStateMachine(maximumAge: .seconds(300))
        var time = MonotonicTime(nanoseconds: 0)
        let backoff = { (failures: Int) -> Duration in
            min(.milliseconds(100 << min(failures, 5)), .seconds(1))
        }
        machine.watch(.topics(["a": .all]), now: time)
        let created = time + .milliseconds(.random(in: 0...60_000, using: &random))
        var requests = 0
        while !machine.isSettled || requests == 0 {
            if time >= created, cluster.topics["a"] == nil { cluster.create("a", partitions: 1) }
            switch machine.nextRefresh(now: time) {
            case .now:
                requests += 1
                let asked = machine.begin(now: time)
                _ = machine.succeeded(cluster.answer(to: asked), asked: asked, now: time, backoff: backoff)
            case .at(let next): time = cluster.topics["a"] == nil ? min(next, max(created, time)) : next
            case .whenAnswered:
                Issue.record("no request is in flight")
                return
            }
            guard requests < 200 else {
                Issue.record("a request without a pause")
                return
            }
        }
        #expect(machine.snapshot.topics["a"]?.partitions.count == 1)
        #expect(time - created <= .milliseconds(1500), "found after \(time - created)")
    }
}
