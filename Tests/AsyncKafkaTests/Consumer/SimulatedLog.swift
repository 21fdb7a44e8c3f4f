// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTestSupport

/// A partition's log of random batches.
struct SimulatedLog {
    private(set) var batches: [(bytes: [UInt8], nextOffset: Int64)] = []
    /// The offsets of its records.
    private(set) var offsets: [Int64] = []
    private(set) var end: Int64 = 0

    init(using random: inout SeededRandom) throws {
        for _ in 0..<20 {
            // Compaction leaves gaps between batches and batches without records.
            if Int.random(in: 0..<5, using: &random) == 0 { self.end += .random(in: 1...3, using: &random) }
            if Int.random(in: 0..<8, using: &random) == 0 {
                self.batches.append((Array(try LogBatch.compactedAway(from: self.end, to: self.end + 2)), self.end + 3))
                self.end += 3
                continue
            }
            let count = Int.random(in: 1...4, using: &random)
            let values = (0..<count).map { "\(self.end + Int64($0))" }
            self.batches.append((Array(try LogBatch.records(values, at: self.end)), self.end + Int64(count)))
            self.offsets += (0..<count).map { self.end + Int64($0) }
            self.end += Int64(count)
        }
    }
}
