// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport
import Testing

@testable import AsyncKafka

/// Random runs of a consumer's state against a model of three logs at two brokers, with late and lost answers,
/// refusals, changes of leaders, readers that stop in the middle of batches, seeks, pauses and rebalances. In each run,
/// every record of a log is delivered once, in order, from the expected position; commits cover exactly the processed
/// records; memory is bounded and accounted for; and after the faults end, all logs are read to their ends.
@Suite struct SubscriptionStateSimulationTests {
    @Test(arguments: [
        ReadingSimulation.Chances(), .init(lost: 20), .init(refused: 20), .init(moves: 5), .init(late: 60),
        .init(seeks: 4, pauses: 6), .init(rebalances: 3, pauses: 4),
        .init(lost: 5, refused: 5, moves: 4, late: 40, seeks: 3, rebalances: 2, pauses: 4),
    ])
    func nothingIsSkippedDoubledOrReordered(_ chances: ReadingSimulation.Chances) throws {
        for seed in 0..<25 as Range<UInt64> {
            var simulation = try ReadingSimulation(seed: seed, chances)
            for _ in 0..<300 { try simulation.step() }
            try simulation.finish()
            if let problem = simulation.problem {
                Issue.record("seed \(seed): \(problem)")
                break
            }
        }
    }
}
