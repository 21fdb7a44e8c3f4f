// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import Testing

@testable import EmbeddedKafka

@Suite struct FetchSessionsTests {
    private var sessions = FetchSessions(capacity: 2)

    private func key(_ partition: Int32) -> FetchSession.Key {
        FetchSession.Key(topic: "t", topicID: .zero, partition: partition)
    }

    private mutating func begin(
        _ id: Int32, epoch: Int32, wants: [Int32] = [], forgotten: [Int32] = [], ids: Bool = false, newID: Int32 = 1,
        now: Int64 = 0, offset: Int64 = 0
    ) throws(BrokerError) -> FetchSessions.Plan {
        try self.sessions.begin(
            sessionID: id, epoch: epoch,
            wants: wants.map { (self.key($0), FetchSession.Want(fetchOffset: offset, maxBytes: 1)) },
            forgotten: forgotten.map(self.key), usesTopicIDs: ids, newID: newID, now: now)
    }

    private mutating func end(
        _ plan: FetchSessions.Plan, highWatermark: Int64 = 0, records: [Int32] = [], errors: [Int32] = []
    ) -> Set<Int32> {
        var outcomes: [FetchSession.Key: FetchSession.Outcome] = [:]
        for (key, _) in plan.wants {
            outcomes[key] = FetchSession.Outcome(
                highWatermark: highWatermark, logStartOffset: 0, hasRecords: records.contains(key.partition),
                hasError: errors.contains(key.partition))
        }
        return Set(self.sessions.end(plan, outcomes: outcomes).map(\.partition))
    }

    private mutating func code(_ id: Int32, epoch: Int32, ids: Bool = false) -> ErrorCode? {
        do {
            _ = try self.begin(id, epoch: epoch, ids: ids)
            return nil
        } catch {
            return error.code
        }
    }

    @Test mutating func aFullRequestBeginsASessionAndReturnsEverything() throws {
        let plan = try self.begin(0, epoch: 0, wants: [0, 1])
        #expect(plan.sessionID == 1)
        #expect(!plan.isIncremental)
        #expect(self.end(plan) == [0, 1])
    }

    @Test mutating func withoutASessionNoStateIsKept() throws {
        let plan = try self.begin(0, epoch: -1, wants: [0])
        #expect(plan.sessionID == 0)
        #expect(self.end(plan) == [0])
        #expect(self.sessions.sessions.isEmpty)
    }

    @Test mutating func anIncrementalAnswerNamesWhatHasChanged() throws {
        #expect(self.end(try self.begin(0, epoch: 0, wants: [0, 1])) == [0, 1])
        #expect(self.end(try self.begin(1, epoch: 1)) == [])
        #expect(self.end(try self.begin(1, epoch: 2), records: [1]) == [1])
        #expect(self.end(try self.begin(1, epoch: 3), highWatermark: 5) == [0, 1])
        #expect(self.end(try self.begin(1, epoch: 4), highWatermark: 5) == [])
    }

    @Test mutating func anErrorIsReturnedEachTimeAndSoIsItsEnd() throws {
        #expect(self.end(try self.begin(0, epoch: 0, wants: [0, 1])) == [0, 1])
        #expect(self.end(try self.begin(1, epoch: 1), errors: [0]) == [0])
        #expect(self.end(try self.begin(1, epoch: 2), errors: [0]) == [0])
        #expect(self.end(try self.begin(1, epoch: 3)) == [0])
        #expect(self.end(try self.begin(1, epoch: 4)) == [])
    }

    @Test mutating func partitionsAreAddedChangedAndRemoved() throws {
        _ = self.end(try self.begin(0, epoch: 0, wants: [0, 1]))
        let plan = try self.begin(1, epoch: 1, wants: [1, 2], forgotten: [0], offset: 9)
        #expect(plan.wants.map(\.key.partition) == [1, 2])
        #expect(plan.wants.map(\.want.fetchOffset) == [9, 9])
        #expect(self.end(plan) == [2])
    }

    @Test mutating func partitionsThatHadRecordsAreReadLast() throws {
        _ = self.end(try self.begin(0, epoch: 0, wants: [0, 1, 2]), records: [0])
        #expect(try self.begin(1, epoch: 1).wants.map(\.key.partition) == [1, 2, 0])
    }

    @Test mutating func aSessionWithoutPartitionsEnds() throws {
        _ = self.end(try self.begin(0, epoch: 0, wants: [0]))
        let plan = try self.begin(1, epoch: 1, forgotten: [0])
        #expect(plan.sessionID == 0)
        #expect(self.code(1, epoch: 2) == .fetchSessionIdNotFound)
    }

    @Test mutating func requestsOutOfSequenceAreRefused() throws {
        _ = self.end(try self.begin(0, epoch: 0, wants: [0]))
        #expect(self.code(2, epoch: 1) == .fetchSessionIdNotFound)
        #expect(self.code(1, epoch: 2) == .invalidFetchSessionEpoch)
        #expect(self.code(1, epoch: 1, ids: true) == .fetchSessionTopicIdError)
        #expect(self.code(1, epoch: 1) == nil)
    }

    @Test mutating func theFinalEpochEndsTheSessionAndEpoch0BeginsAnother() throws {
        _ = self.end(try self.begin(0, epoch: 0, wants: [0]))
        _ = try self.begin(1, epoch: 0, wants: [0], newID: 2)
        #expect(self.sessions.sessions.keys.sorted() == [2])
        _ = try self.begin(2, epoch: -1)
        #expect(self.sessions.sessions.isEmpty)
    }

    @Test mutating func onlyStaleSessionsAreEvictedWhenTheCacheIsFull() throws {
        _ = try self.begin(0, epoch: 0, wants: [0], newID: 1, now: 0)
        _ = try self.begin(0, epoch: 0, wants: [0], newID: 2, now: 100)
        #expect(try self.begin(0, epoch: 0, wants: [0], newID: 3, now: 1000).sessionID == 0)
        let later = FetchSessions.staleAfter + 50
        #expect(try self.begin(0, epoch: 0, wants: [0], newID: 4, now: later).sessionID == 4)
        #expect(self.sessions.sessions.keys.sorted() == [2, 4])
    }
}
