// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import Testing

@testable import AsyncKafka

@Suite struct FetchSessionTests {
    private let a = TopicPartition("t", 0)
    private let b = TopicPartition("t", 1)
    private let c = TopicPartition("u", 0)

    private func want(_ offset: Int64, id: UInt64 = 1) -> FetchSession.Partition {
        FetchSession.Partition(
            topicID: KafkaUUID(high: 0, low: id), fetchOffset: offset, leaderEpoch: 3, maximumBytes: 100)
    }

    /// An open session with these partitions.
    private func opened(_ wanted: [(TopicPartition, FetchSession.Partition)]) -> FetchSession {
        var session = FetchSession()
        let request = session.begin(wanted: wanted)
        _ = session.answered(request, error: .none, sessionID: 42, partitions: wanted.map(\.0))
        return session
    }

    @Test func aFirstRequestNamesEverythingAndOpensASession() {
        var session = FetchSession()
        let request = session.begin(wanted: [(self.a, self.want(1)), (self.b, self.want(2))])
        #expect(request.sessionID == 0 && request.sessionEpoch == 0 && request.isFull)
        #expect(request.partitions.map(\.0) == [self.a, self.b])
        let outcome = session.answered(request, error: .none, sessionID: 42, partitions: [self.b, self.a])
        #expect(outcome == .accepted)
        #expect(session.id == 42 && session.epoch == 1)
    }

    @Test func laterRequestsNameOnlyWhatHasChanged() {
        var session = self.opened([(self.a, self.want(1)), (self.b, self.want(2))])
        let request = session.begin(wanted: [(self.a, self.want(1)), (self.b, self.want(5))])
        #expect(request.sessionID == 42 && request.sessionEpoch == 1)
        #expect(request.partitions.map(\.0) == [self.b])
        #expect(request.forgotten.isEmpty)
        do {
            let outcome = session.answered(request, error: .none, sessionID: 42, partitions: [])
            #expect(outcome == .accepted)
        }
        #expect(session.epoch == 2)
    }

    @Test func removedPartitionsAreForgotten() {
        var session = self.opened([(self.a, self.want(1)), (self.b, self.want(2))])
        let request = session.begin(wanted: [(self.b, self.want(2)), (self.c, self.want(0, id: 2))])
        #expect(request.forgotten.map(\.0) == [self.a])
        #expect(request.partitions.map(\.0) == [self.c])
    }

    @Test func aRecreatedTopicReplacesTheOldOne() {
        var session = self.opened([(self.a, self.want(1, id: 1))])
        let request = session.begin(wanted: [(self.a, self.want(1, id: 9))])
        #expect(request.forgotten.map(\.topicID) == [KafkaUUID(high: 0, low: 1)])
        #expect(request.partitions.first?.1.topicID == KafkaUUID(high: 0, low: 9))
        #expect(session.topic(id: KafkaUUID(high: 0, low: 9)) == "t")
    }

    @Test func byNameARecreatedTopicIsNotForgotten() {
        var session = FetchSession()
        let first = session.begin(wanted: [(self.a, self.want(1, id: 1))], knowsTopicIDs: false)
        #expect(!first.usesTopicIDs)
        _ = session.answered(first, error: .none, sessionID: 42, partitions: [self.a])
        // Brokers process the forgotten topics last, so nothing would be left.
        let request = session.begin(wanted: [(self.a, self.want(0, id: 9))], knowsTopicIDs: false)
        #expect(request.forgotten.isEmpty)
        #expect(request.partitions.map(\.0) == [self.a])
    }

    @Test func namesAndIdsAreNeverMixedInASession() {
        var session = self.opened([(self.a, self.want(1))])
        let request = session.begin(wanted: [(self.a, self.want(1)), (self.c, self.want(0, id: 0))])
        #expect(!request.usesTopicIDs)
        // A new session replaces the old one, because the broker would refuse the change.
        #expect(request.sessionID == 42 && request.sessionEpoch == 0)
        #expect(request.partitions.count == 2)
    }

    @Test func aLostSessionIsReplacedWithoutItsID() {
        var session = self.opened([(self.a, self.want(1))])
        let request = session.begin(wanted: [(self.a, self.want(2))])
        let outcome = session.answered(request, error: .fetchSessionIdNotFound, sessionID: 0, partitions: [])
        #expect(outcome == .rejected(.fetchSessionIdNotFound))
        let next = session.begin(wanted: [(self.a, self.want(2))])
        #expect(next.sessionID == 0 && next.sessionEpoch == 0 && next.partitions.count == 1)
    }

    @Test func anyOtherErrorReplacesTheSession() {
        var session = self.opened([(self.a, self.want(1))])
        let request = session.begin(wanted: [(self.a, self.want(2))])
        _ = session.answered(request, error: .invalidFetchSessionEpoch, sessionID: 0, partitions: [])
        let next = session.begin(wanted: [(self.a, self.want(2))])
        #expect(next.sessionID == 42 && next.sessionEpoch == 0)
    }

    @Test func withoutAnAnswerTheSessionIsReplaced() {
        var session = self.opened([(self.a, self.want(1))])
        _ = session.begin(wanted: [(self.a, self.want(2))])
        session.failed()
        let next = session.begin(wanted: [(self.a, self.want(2))])
        #expect(next.sessionID == 42 && next.sessionEpoch == 0 && next.partitions.count == 1)
    }

    @Test func aBrokerThatGrantsNoSessionGetsFullRequests() {
        var session = FetchSession()
        for offset in 0..<3 {
            let request = session.begin(wanted: [(self.a, self.want(Int64(offset)))])
            #expect(request.sessionID == 0 && request.sessionEpoch == 0 && request.partitions.count == 1)
            do {
                let outcome = session.answered(request, error: .none, sessionID: 0, partitions: [self.a])
                #expect(outcome == .accepted)
            }
        }
        let closing = session.close()
        #expect(closing == nil)
    }

    @Test func aFullAnswerMustContainExactlyTheRequestedPartitions() {
        var session = FetchSession()
        var request = session.begin(wanted: [(self.a, self.want(1)), (self.b, self.want(1))])
        do {
            let outcome = session.answered(request, error: .none, sessionID: 42, partitions: [self.a])
            #expect(outcome == .malformed)
        }
        #expect(session.id == 0)
        request = session.begin(wanted: [(self.a, self.want(1))])
        do {
            let outcome = session.answered(request, error: .none, sessionID: 42, partitions: [self.a, self.b])
            #expect(outcome == .malformed)
        }
        // A broker that throttles the client may return an empty answer.
        request = session.begin(wanted: [(self.a, self.want(1))])
        let throttled = session.answered(request, error: .none, sessionID: 43, partitions: [], isThrottled: true)
        #expect(throttled == .accepted)
    }

    @Test func anIncrementalAnswerMustNotContainOtherPartitions() {
        var session = self.opened([(self.a, self.want(1))])
        let request = session.begin(wanted: [(self.a, self.want(2))])
        do {
            let outcome = session.answered(request, error: .none, sessionID: 42, partitions: [self.c])
            #expect(outcome == .malformed)
        }
        let next = session.begin(wanted: [(self.a, self.want(2))])
        #expect(next.sessionID == 0 && next.sessionEpoch == 0)
    }

    @Test func closingEndsTheBrokersSession() throws {
        var session = self.opened([(self.a, self.want(1))])
        let closing = session.close()
        let last = try #require(closing)
        #expect(last.sessionID == 42 && last.sessionEpoch == -1 && last.partitions.isEmpty)
        let again = session.close()
        #expect(again == nil)
    }
}
