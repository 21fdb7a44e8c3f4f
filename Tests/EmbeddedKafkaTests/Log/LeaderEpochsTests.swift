// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EmbeddedKafka

@Suite struct LeaderEpochsTests {
    private var epochs = LeaderEpochs()

    init() {
        self.epochs.begin(0, at: 0)
        self.epochs.begin(2, at: 10)
        self.epochs.begin(5, at: 20)
    }

    @Test func anEpochEndsWhereTheNextBeginsOrAtTheEndOfTheLog() {
        #expect(self.epochs.end(of: 0, logEndOffset: 30) == .init(epoch: 0, offset: 10))
        #expect(self.epochs.end(of: 2, logEndOffset: 30) == .init(epoch: 2, offset: 20))
        #expect(self.epochs.end(of: 5, logEndOffset: 30) == .init(epoch: 5, offset: 30))
    }

    @Test func anEmptyEpochIsAnsweredWithTheOneBefore() {
        #expect(self.epochs.end(of: 1, logEndOffset: 30) == .init(epoch: 0, offset: 10))
        #expect(self.epochs.end(of: 4, logEndOffset: 30) == .init(epoch: 2, offset: 20))
    }

    @Test func futureAndMissingEpochsAreUndefined() {
        #expect(self.epochs.end(of: 6, logEndOffset: 30) == .undefined)
        #expect(self.epochs.end(of: -1, logEndOffset: 30) == .undefined)
        #expect(LeaderEpochs().end(of: 0, logEndOffset: 0) == .undefined)
    }

    @Test mutating func aLeaderThatWroteNothingLeavesNoEpoch() {
        self.epochs.begin(6, at: 30)
        self.epochs.begin(7, at: 30)
        #expect(self.epochs.entries.map(\.epoch) == [0, 2, 5, 7])
        self.epochs.begin(6, at: 40)
        #expect(self.epochs.latest == 7)
    }

    @Test mutating func truncationAndDeletionMoveTheEndOffsets() {
        self.epochs.truncate(to: 15)
        #expect(self.epochs.entries == [.init(epoch: 0, startOffset: 0), .init(epoch: 2, startOffset: 10)])
        self.epochs.advanceStart(to: 12)
        #expect(self.epochs.entries == [.init(epoch: 2, startOffset: 12)])
        #expect(self.epochs.end(of: 0, logEndOffset: 15) == .init(epoch: 0, offset: 12))
        #expect(self.epochs.epoch(at: 13) == 2)
        #expect(self.epochs.epoch(at: 3) == -1)
    }
}
