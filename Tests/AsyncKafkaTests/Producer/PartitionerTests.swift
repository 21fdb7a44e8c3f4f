// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaMemory
import Testing

@testable import AsyncKafka

@Suite struct PartitionerTests {
    /// Kafka's own hash values, made by its Java client.
    @Test func murmur2IsKafkas() throws {
        let folder =
            ProcessInfo.processInfo.environment["KAFKA_GOLDEN"].map { URL(fileURLWithPath: $0) }
            ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
                "../../KafkaProtocolTests/Golden")
        let text = try String(contentsOf: folder.appendingPathComponent("murmur2.tsv"), encoding: .utf8)
        var count = 0
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard fields.count >= 2, let expected = Int32(fields[1]) else { continue }
            let digits = Array(fields[0].utf8)
            let bytes = stride(from: 0, to: digits.count, by: 2).map {
                UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)!
            }
            let hash = Bytes(bytes).withUnsafeBytes { Murmur2.hash($0) }
            #expect(Int32(bitPattern: hash) == expected, "\(fields[0])")
            count += 1
        }
        #expect(count > 100)
    }

    @Test func murmur2OfKnownKeys() {
        for (key, expected) in [
            ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829), ("abc", 479_470_107),
        ] as [(String, Int32)] {
            #expect(Int32(bitPattern: Bytes(key).withUnsafeBytes { Murmur2.hash($0) }) == expected)
        }
        #expect(Murmur2.positiveHash("foobar") == UInt32(bitPattern: -790_332_482) & 0x7fff_ffff)
    }

    private func candidates(_ lengths: [Int], leaders: [Bool]? = nil) -> [StickyPartition.Candidate] {
        lengths.enumerated().map {
            StickyPartition.Candidate(
                partition: Int32($0.offset), queueLength: $0.element, hasLeader: leaders?[$0.offset] ?? true)
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
    @Test func theLongerTheQueueTheRarerTheChoice() {
        let shares = self.shares(self.candidates([4, 0, 1]))
        #expect(abs((shares[0] ?? 0) - 0.1) < 0.02)
        #expect(abs((shares[1] ?? 0) - 0.5) < 0.02)
        #expect(abs((shares[2] ?? 0) - 0.4) < 0.02)
    }

    @Test func partitionsWithoutLeaderAreLeftOutUnlessAllAre() {
        #expect(self.shares(self.candidates([0, 9, 9], leaders: [false, true, true]))[0] == nil)
        #expect(self.shares(self.candidates([0, 0], leaders: [false, false])).count == 2)
        #expect(StickyPartition.choose(among: [], random: 1) == nil)
    }

    @Test func itStaysUntilABatchsWorthIsWritten() {
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
