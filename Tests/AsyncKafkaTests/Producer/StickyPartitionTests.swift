// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AsyncKafka

@Suite struct StickyPartitionTests {
    private func candidates(_ lengths: [Int], available: [Bool]? = nil) -> [StickyPartition.Candidate] {
        lengths.enumerated().map {
            StickyPartition.Candidate(
                partition: Int32($0.offset), queueLength: $0.element, isAvailable: available?[$0.offset] ?? true)
        }
    }

    private func shares(_ candidates: [StickyPartition.Candidate], of count: Int = 20_000) -> [Int32: Double] {
        var random = SeededGenerator(seed: 1)
        var chosen: [Int32: Int] = [:]
        for _ in 0..<count {
            guard let partition = StickyPartition.choose(among: candidates, random: random.next()) else { continue }
            chosen[partition, default: 0] += 1
        }
        return chosen.mapValues { Double($0) / Double(count) }
    }

    @Test func withEqualQueuesAllPartitionsAreEquallyLikely() {
        let shares = self.shares(self.candidates([3, 3, 3, 3]))
        for partition in 0..<4 as Range<Int32> { #expect(abs((shares[partition] ?? 0) - 0.25) < 0.02) }
    }

    /// KIP-794: weights are the longest queue + 1 − the partition's own, here 1, 5 and 4 of 10.
    @Test func partitionsWithLongerQueuesAreSelectedLessOften() {
        let shares = self.shares(self.candidates([4, 0, 1]))
        #expect(abs((shares[0] ?? 0) - 0.1) < 0.02)
        #expect(abs((shares[1] ?? 0) - 0.5) < 0.02)
        #expect(abs((shares[2] ?? 0) - 0.4) < 0.02)
    }

    @Test func unavailablePartitionsAreExcludedUnlessAllAre() {
        #expect(self.shares(self.candidates([0, 9, 9], available: [false, true, true]))[0] == nil)
        #expect(self.shares(self.candidates([0, 0], available: [false, false])).count == 2)
        #expect(StickyPartition.choose(among: [], random: 1) == nil)
    }

    @Test func thePartitionStaysUntilABatchIsWritten() {
        var sticky = StickyPartition(stay: 100)
        #expect(sticky.shouldMove)
        sticky.move(among: self.candidates([0, 0]), random: 0)
        #expect(sticky.current == 0)
        sticky.wrote(99)
        #expect(!sticky.shouldMove)
        sticky.wrote(1)
        #expect(sticky.shouldMove)
        sticky.move(among: self.candidates([0, 0]), random: .max)
        #expect(sticky.current == 1)
        #expect(!sticky.shouldMove)
    }
}
