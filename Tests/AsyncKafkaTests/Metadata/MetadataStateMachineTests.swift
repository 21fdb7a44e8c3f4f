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

@Suite struct MetadataStateMachineTests {
    let start = MonotonicTime(nanoseconds: 1_000_000_000)
    let backoff: (Int) -> Duration = { .milliseconds(100 * $0) }

    private func answer(_ topics: TopicMetadata..., brokers: [Int32] = [1, 2]) -> MetadataUpdate {
        MetadataUpdate(
            clusterID: "c", controllerID: 1, brokers: brokers.map { Broker(id: $0, host: "b\($0)", port: 9092) },
            topics: topics)
    }

    private func topic(
        _ name: String, id: UInt64 = 0, leader: Int32? = 1, epoch: Int32? = nil, error: ErrorCode = .none
    ) -> TopicMetadata {
        TopicMetadata(
            name: name, id: KafkaUUID(high: 0, low: id), error: error,
            partitions: [PartitionMetadata(index: 0, leader: leader, leaderEpoch: epoch)])
    }

    @Test func metadataIsRequestedAtFirstAndThenOnlyIfOldOrWanted() {
        var machine = MetadataStateMachine(maximumAge: .seconds(300))
        #expect(machine.nextRefresh(now: self.start) == .now)
        let asked = machine.begin(now: self.start)
        #expect(asked == .topics([]))
        #expect(machine.nextRefresh(now: self.start) == .whenAnswered)
        let changed = machine.succeeded(self.answer(), asked: asked, now: self.start, backoff: self.backoff)
        #expect(changed)
        #expect(machine.nextRefresh(now: self.start) == .at(self.start + .seconds(300)))
        machine.requestUpdate()
        #expect(machine.nextRefresh(now: self.start) == .at(self.start + .milliseconds(100)))
        #expect(machine.nextRefresh(now: self.start + .milliseconds(100)) == .now)
        machine.use(topic: "a", now: self.start)
        #expect(machine.nextRefresh(now: self.start) == .now, "the first request for a topic needn't wait")
        let next = machine.begin(now: self.start)
        #expect(next == .topics(["a"]))
    }

    /// Brokers with ZooKeeper omit partitions that never had a leader.
    @Test func partitionsWithImplausibleNumbersAreOmitted() {
        var topic = MetadataResponse.MetadataResponseTopic()
        topic.name = "a"
        topic.partitions = ([.max, 5, -1, 0, 1_000_000, .min] as [Int32]).map { index in
            var partition = MetadataResponse.MetadataResponsePartition()
            partition.partitionIndex = index
            return partition
        }
        var response = MetadataResponse()
        response.topics = [topic]
        #expect(MetadataUpdate(response).topics[0].partitions.map(\.index) == [0, 5])
    }

    @Test func theBackoffGrowsWithEachFailure() {
        var machine = MetadataStateMachine(maximumAge: .seconds(300))
        for failures in 1...3 {
            _ = machine.begin(now: self.start)
            machine.failed(now: self.start, backoff: self.backoff)
            #expect(machine.nextRefresh(now: self.start) == .at(self.start + .milliseconds(100 * failures)))
        }
        #expect(machine.attempts == 3)
    }

    @Test func theBootstrapServersAreAskedAgainOnlyAfterALongRunOfFailures() {
        let trigger = Duration.seconds(300)
        var machine = MetadataStateMachine(maximumAge: .seconds(300))
        self.take(self.topic("a"), by: &machine)
        func fails(after seconds: Int64) -> Bool {
            let now = self.start + .seconds(seconds)
            _ = machine.begin(now: now)
            machine.failed(now: now + .milliseconds(1), backoff: self.backoff)
            return machine.needsRebootstrap(after: trigger, now: now + .milliseconds(1))
        }
        let first = fails(after: 300)
        #expect(!first, "a single failure after a quiet time is no series")
        let later = [fails(after: 599), fails(after: 600)]
        #expect(later == [false, true])
        machine.rebootstrap()
        let again = [fails(after: 601), fails(after: 900), fails(after: 901)]
        #expect(again == [false, false, true], "the series begins again with the bootstrap servers")
        self.take(self.topic("a"), by: &machine)
        let afterSuccess = fails(after: 1300)
        #expect(!afterSuccess)
    }

    @Test func aPartitionIsLeaderlessSinceTheFirstAnswerThatSaysSo() {
        var machine = MetadataStateMachine(maximumAge: .seconds(300))
        machine.use(topic: "a", now: self.start)
        self.take(self.topic("a", leader: nil), by: &machine)
        let since = machine.snapshot.topics["a"]?.partition(0)?.leaderlessSince
        #expect(since != nil)
        self.take(self.topic("a", leader: nil), by: &machine)
        #expect(machine.snapshot.topics["a"]?.partition(0)?.leaderlessSince == since)
        self.take(self.topic("a", leader: 1), by: &machine)
        #expect(machine.snapshot.topics["a"]?.partition(0)?.leaderlessSince == nil)
    }

    @Test func anOlderLeaderEpochNeverReplacesANewerOne() {
        var machine = MetadataStateMachine(maximumAge: .seconds(300))
        machine.use(topic: "a", now: self.start)
        self.take(self.topic("a", id: 7, leader: 1, epoch: 5), by: &machine)
        self.take(self.topic("a", id: 7, leader: 2, epoch: 4), by: &machine)
        #expect(machine.snapshot.topics["a"]?.partition(0)?.leader == 1)
        self.take(self.topic("a", id: 7, leader: 2, epoch: 6), by: &machine)
        #expect(machine.snapshot.topics["a"]?.partition(0)?.leader == 2)
    }

    @Test func withoutTopicIDsAnOlderLeaderEpochIsAcceptedIfAllBrokersAgree() {
        var machine = MetadataStateMachine(maximumAge: .seconds(300))
        machine.use(topic: "a", now: self.start)
        self.take(self.topic("a", leader: 1, epoch: 5), by: &machine)
        // Some brokers are outdated, and one that isn't ends the run.
        for _ in 0..<4 { self.take(self.topic("a", leader: 2, epoch: 0), by: &machine) }
        self.take(self.topic("a", leader: 1, epoch: 5), by: &machine)
        for _ in 0..<5 {
            self.take(self.topic("a", leader: 2, epoch: 0), by: &machine)
            #expect(machine.snapshot.topics["a"]?.partition(0)?.leaderEpoch == 5)
        }
        self.take(self.topic("a", leader: 2, epoch: 0), by: &machine)
        #expect(machine.snapshot.topics["a"]?.partition(0)?.leaderEpoch == 0)
        #expect(machine.snapshot.topics["a"]?.partition(0)?.leader == 2)
    }

    @Test func aRecreatedTopicBeginsItsEpochsAgain() {
        var machine = MetadataStateMachine(maximumAge: .seconds(300))
        machine.use(topic: "a", now: self.start)
        self.take(self.topic("a", id: 7, leader: 1, epoch: 5), by: &machine)
        self.take(self.topic("a", id: 8, leader: 2, epoch: 0), by: &machine)
        #expect(machine.snapshot.topics["a"]?.partition(0)?.leaderEpoch == 0)
        #expect(machine.snapshot.topic(id: KafkaUUID(high: 0, low: 8))?.name == "a")
        #expect(machine.snapshot.topic(id: KafkaUUID(high: 0, low: 7)) == nil)
    }

    @Test func aBrieflyMissingTopicKeepsItsPartitions() {
        var machine = MetadataStateMachine(maximumAge: .seconds(300))
        machine.use(topic: "a", now: self.start)
        self.take(self.topic("a", id: 7, leader: 1, epoch: 5), by: &machine)
        self.take(TopicMetadata(name: "a", error: .unknownTopicOrPartition), by: &machine)
        #expect(machine.snapshot.topics["a"]?.partitions.count == 1)
        #expect(machine.snapshot.topics["a"]?.error == .unknownTopicOrPartition)
    }

    /// Missing leaders and topics are requested again without an explicit request.
    @Test(arguments: [nil, .unknownTopicOrPartition] as [ErrorCode?])
    func missingTopicsAreRequestedLessAndLessOften(error: ErrorCode?) {
        var machine = MetadataStateMachine(maximumAge: .seconds(300))
        machine.watch(.topics(["a": .all]), now: self.start)
        let lacking = error.map { TopicMetadata(name: "a", error: $0) } ?? self.topic("a", leader: nil)
        for answers in 1...3 {
            self.take(lacking, by: &machine)
            #expect(machine.nextRefresh(now: self.start) == .at(self.start + .milliseconds(100 * answers)))
        }
        self.take(self.topic("a"), by: &machine)
        #expect(machine.nextRefresh(now: self.start) == .at(self.start + .seconds(300)))
    }

    @Test func refusedTopicsAreRequestedEveryTenSeconds() {
        var machine = MetadataStateMachine(maximumAge: .seconds(300))
        machine.watch(.topics(["a": .all]), now: self.start)
        self.take(TopicMetadata(name: "a", error: .topicAuthorizationFailed), by: &machine)
        #expect(machine.nextRefresh(now: self.start) == .at(self.start + .seconds(10)))
        #expect(machine.takeNotices() == [.refused(topic: "a", .topicAuthorizationFailed)])
        #expect(machine.takeNotices() == [])
    }

    /// The first response may contain a match, which only the consumer can detect.
    @Test func aPatternWithoutAMatchIsRequestedAgain() {
        var machine = MetadataStateMachine(maximumAge: .seconds(300))
        machine.watch(.all(matching: []), now: self.start)
        self.take(self.topic("a"), by: &machine)
        #expect(machine.nextRefresh(now: self.start) == .at(self.start + .milliseconds(100)))
        machine.watch(.all(matching: ["a"]), now: self.start)
        #expect(machine.nextRefresh(now: self.start) == .at(self.start + .seconds(300)))
    }

    /// The client doesn't request a thousand topics every second because one of them is missing.
    @Test func onlyMissingTopicsAreRequestedBetweenFullRequests() {
        var machine = MetadataStateMachine(maximumAge: .seconds(300))
        machine.watch(.topics(["a": .all, "b": .all]), now: self.start)
        let first = machine.begin(now: self.start)
        #expect(first == .topics(["a", "b"]))
        _ = machine.succeeded(self.answer(self.topic("a")), asked: first, now: self.start, backoff: self.backoff)
        let second = machine.begin(now: self.start + .seconds(1))
        #expect(second == .topics(["b"]))
        _ = machine.succeeded(
            self.answer(self.topic("b", leader: nil)), asked: second, now: self.start + .seconds(1),
            backoff: self.backoff)
        #expect(machine.snapshot.topics["a"]?.partitions.count == 1, "topics that weren't requested stay")
        machine.requestUpdate()
        let third = machine.begin(now: self.start + .seconds(2))
        #expect(third == .topics(["a", "b"]), "a refresh was requested")
        _ = machine.succeeded(
            self.answer(self.topic("a"), self.topic("b", leader: nil)), asked: third, now: self.start + .seconds(2),
            backoff: self.backoff)
        let old = machine.begin(now: self.start + .seconds(302))
        #expect(old == .topics(["a", "b"]), "the metadata has reached its maximum age")
    }

    /// This applies to patterns, too, because the names of the matching topics are known.
    @Test func aMatchWithoutALeaderIsRequestedAlone() {
        var machine = MetadataStateMachine(maximumAge: .seconds(300))
        machine.watch(.all(matching: []), now: self.start)
        let first = machine.begin(now: self.start)
        #expect(first == .all)
        _ = machine.succeeded(
            self.answer(self.topic("a", leader: nil), self.topic("x")), asked: first, now: self.start,
            backoff: self.backoff)
        machine.watch(.all(matching: ["a"]), now: self.start)
        let second = machine.begin(now: self.start + .seconds(1))
        #expect(second == .topics(["a"]))
        _ = machine.succeeded(
            self.answer(self.topic("a")), asked: second, now: self.start + .seconds(1), backoff: self.backoff)
        #expect(machine.nextRefresh(now: self.start + .seconds(2)) == .at(self.start + .seconds(300)))
    }

    /// A request for all topics has a cost for each of them.
    @Test func aPatternWithoutAMatchIsRequestedLessOftenWithManyTopics() {
        var machine = MetadataStateMachine(maximumAge: .seconds(300))
        machine.watch(.all(matching: []), now: self.start)
        let asked = machine.begin(now: self.start)
        let update = MetadataUpdate(
            clusterID: "c", controllerID: 1, brokers: [Broker(id: 1, host: "b1", port: 9092)],
            topics: (0..<5000).map { self.topic("t\($0)") })
        _ = machine.succeeded(update, asked: asked, now: self.start, backoff: self.backoff)
        #expect(machine.nextRefresh(now: self.start) == .at(self.start + .seconds(5)))
    }

    @Test func partitionsAssignedByNumberAreWantedToo() {
        var machine = MetadataStateMachine(maximumAge: .seconds(300))
        machine.watch(.topics(["a": .only([1])]), now: self.start)
        self.take(self.topic("a"), by: &machine)
        #expect(machine.nextRefresh(now: self.start) == .at(self.start + .milliseconds(100)))
    }

    @Test func aResponseWithoutBrokersIsNotTrusted() {
        var machine = MetadataStateMachine(maximumAge: .seconds(300))
        self.take(self.topic("a"), by: &machine)
        let asked = machine.begin(now: self.start)
        let changed = machine.succeeded(
            self.answer(brokers: []), asked: asked, now: self.start, backoff: self.backoff)
        #expect(!changed)
        #expect(machine.snapshot.brokers.count == 2)
    }

    @Test func unusedTopicsAreForgottenAndWatchedOnesAreNot() {
        var machine = MetadataStateMachine(maximumAge: .seconds(300))
        machine.use(topic: "a", now: self.start)
        machine.watch(.topics(["w": .all]), now: self.start)
        let both = machine.begin(now: self.start)
        #expect(both == .topics(["a", "w"]))
        let later = machine.begin(now: self.start + .seconds(301))
        #expect(later == .topics(["w"]))
        machine.watch(.all(matching: []), now: self.start)
        let all = machine.begin(now: self.start)
        #expect(all == .all)
    }

    @Test func aHintOfANewLeaderIsAppliedOnlyIfItIsNewer() {
        var machine = MetadataStateMachine(maximumAge: .seconds(300))
        machine.use(topic: "a", now: self.start)
        self.take(self.topic("a", leader: 1, epoch: 5), by: &machine)
        let partition = TopicPartition("a", 0)
        let sameEpoch = machine.updateLeaders([(partition, 2, 5)], endpoints: [])
        #expect(!sameEpoch)
        let unknownBroker = machine.updateLeaders([(partition, 9, 6)], endpoints: [])
        #expect(!unknownBroker, "a broker without an address is useless")
        let newer = machine.updateLeaders([(partition, 9, 6)], endpoints: [Broker(id: 9, host: "b9", port: 1)])
        #expect(newer)
        #expect(machine.snapshot.partition(partition)?.leader == 9)
        #expect(machine.snapshot.brokers[9]?.host == "b9")
    }

    @Test func movedLeadersAreReported() {
        var machine = MetadataStateMachine(maximumAge: .seconds(300))
        machine.watch(.topics(["a": .all]), now: self.start)
        self.take(self.topic("a", leader: 1, epoch: 1), by: &machine)
        #expect(machine.takeNotices() == [], "it had none before")
        self.take(self.topic("a", leader: 2, epoch: 2), by: &machine)
        #expect(machine.takeNotices() == [.moved([TopicPartition("a", 0)])])
        _ = machine.updateLeaders([(TopicPartition("a", 0), 1, 3)], endpoints: [])
        #expect(machine.takeNotices() == [.moved([TopicPartition("a", 0)])])
        self.take(self.topic("a", leader: nil, epoch: 3), by: &machine)
        #expect(machine.takeNotices() == [], "that is reported as missing")
    }

    private func take(_ topic: TopicMetadata, by machine: inout MetadataStateMachine) {
        let asked = machine.begin(now: self.start)
        _ = machine.succeeded(self.answer(topic), asked: asked, now: self.start, backoff: self.backoff)
    }
}
