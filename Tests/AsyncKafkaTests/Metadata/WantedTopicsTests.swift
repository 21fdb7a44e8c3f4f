// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport
import Testing

@testable import AsyncKafka

@Suite struct WantedTopicsTests {
    private let start = MonotonicTime(nanoseconds: 1_000_000_000)

    private func metadata(_ topics: TopicMetadata...) -> ClusterMetadata {
        ClusterMetadata(
            version: 1, clusterID: nil, controllerID: nil, brokers: [:],
            topics: Dictionary(topics.map { ($0.name, $0) }) { $1 })
    }

    private func topic(_ name: String, leaders: [Int32?] = [1], error: ErrorCode = .none) -> TopicMetadata {
        TopicMetadata(
            name: name, error: error,
            partitions: leaders.enumerated().map { PartitionMetadata(index: Int32($0.offset), leader: $0.element) })
    }

    private func at(_ seconds: Double) -> MonotonicTime { self.start + .milliseconds(Int64(seconds * 1000)) }

    @Test func aTopicMissingForThreeSecondsIsReportedAndSoIsItsArrival() {
        var wanted = WantedTopics(refusalPause: .seconds(10))
        wanted.watch(.topics(["a": .all]))
        #expect(wanted.compare(with: self.metadata(), now: self.at(0)) == [])
        #expect(wanted.isLackingNow)
        #expect(wanted.compare(with: self.metadata(), now: self.at(2.9)) == [])
        #expect(wanted.compare(with: self.metadata(), now: self.at(3)) == [.lacking(.topic("a"), .unknown)])
        #expect(wanted.compare(with: self.metadata(), now: self.at(60)) == [])
        #expect(wanted.compare(with: self.metadata(self.topic("a")), now: self.at(61)) == [.found(.topic("a"))])
        #expect(!wanted.isLackingNow)
    }

    @Test func aBrieflyMissingTopicIsNotReported() {
        var wanted = WantedTopics(refusalPause: .seconds(10))
        wanted.watch(.topics(["a": .all]))
        #expect(wanted.compare(with: self.metadata(), now: self.at(0)) == [])
        #expect(wanted.compare(with: self.metadata(self.topic("a")), now: self.at(2)) == [])
        #expect(wanted.compare(with: self.metadata(), now: self.at(4)) == [], "the time begins again")
    }

    @Test(
        arguments: [
            ([1, nil], .all, .leaders([1])), ([1, nil], .only([0]), nil), ([1, nil], .only([0, 1]), .leaders([1])),
            ([1, 1], .only([1, 3]), .unknownPartitions([3])), ([], .all, .unknown),
            ([1], .only([.max]), .unknownPartitions([.max])),
        ] as [([Int32?], WantedTopics.Extent, WantedTopics.Lack?)])
    func missingPartitionsAreReported(leaders: [Int32?], extent: WantedTopics.Extent, lack: WantedTopics.Lack?) {
        var wanted = WantedTopics(refusalPause: .seconds(10))
        wanted.watch(.topics(["a": extent]))
        let metadata = self.metadata(self.topic("a", leaders: leaders))
        _ = wanted.compare(with: metadata, now: self.at(0))
        let expected = lack.map { [WantedTopics.Notice.lacking(.topic("a"), $0)] } ?? []
        #expect(wanted.compare(with: metadata, now: self.at(3)) == expected)
    }

    @Test func aRefusedTopicIsReportedAtOnceAndEveryTenSeconds() {
        var wanted = WantedTopics(refusalPause: .seconds(10))
        wanted.watch(.topics(["a": .all]))
        let refused = self.metadata(self.topic("a", leaders: [], error: .topicAuthorizationFailed))
        let notice = WantedTopics.Notice.refused(topic: "a", .topicAuthorizationFailed)
        #expect(wanted.compare(with: refused, now: self.at(0)) == [notice])
        #expect(!wanted.isLackingNow && wanted.isRefusedSomething)
        #expect(wanted.compare(with: refused, now: self.at(2)) == [])
        #expect(
            wanted.compare(with: refused, now: self.at(10))
                == [.lacking(.topic("a"), .refused(.topicAuthorizationFailed)), notice])
        #expect(wanted.compare(with: refused, now: self.at(20)) == [notice])
        #expect(wanted.compare(with: self.metadata(self.topic("a")), now: self.at(21)) == [.found(.topic("a"))])
    }

    @Test func aPatternWantsAFirstMatchAndThenItsMatches() {
        var wanted = WantedTopics(refusalPause: .seconds(10))
        wanted.watch(.all(matching: []))
        let others = self.metadata(self.topic("x", leaders: [nil]), self.topic("a"))
        #expect(wanted.compare(with: others, now: self.at(0)) == [])
        #expect(wanted.isLackingNow)
        #expect(wanted.compare(with: others, now: self.at(3)) == [.lacking(.firstMatch, .unknown)])
        wanted.watch(.all(matching: ["a"]))
        #expect(wanted.compare(with: others, now: self.at(4)) == [.found(.firstMatch)])
        #expect(!wanted.isLackingNow, "this client doesn't use x")
        wanted.watch(.all(matching: ["a", "x"]))
        _ = wanted.compare(with: others, now: self.at(5))
        #expect(wanted.isLackingNow)
    }

    @Test func topicsThatAreNoLongerWantedAreNotReported() {
        var wanted = WantedTopics(refusalPause: .seconds(10))
        wanted.watch(.topics(["a": .all]))
        _ = wanted.compare(with: self.metadata(), now: self.at(0))
        _ = wanted.compare(with: self.metadata(), now: self.at(3))
        wanted.watch(.nothing)
        #expect(wanted.compare(with: self.metadata(), now: self.at(4)) == [])
        #expect(!wanted.isLackingNow)
    }

    @Test func aProducersTopicIsWantedForAWhileAfterItsUse() {
        var wanted = WantedTopics(refusalPause: .seconds(10))
        _ = wanted.use("p", now: self.at(0))
        _ = wanted.compare(with: self.metadata(), now: self.at(1))
        #expect(wanted.isLackingNow)
        let atLast = wanted.compare(with: self.metadata(), now: self.at(9))
        #expect(atLast == [.lacking(.topic("p"), .unknown)])
        #expect(wanted.compare(with: self.metadata(), now: self.at(11)) == [])
        #expect(!wanted.isLackingNow)
        #expect(wanted.names == ["p"], "it is still requested with other topics")
    }
}
