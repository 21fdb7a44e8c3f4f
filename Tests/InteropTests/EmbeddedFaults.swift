// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaTestSupport

/// Seeded faults of an embedded cluster of three brokers while transactions run: broken connections, lost and late requests,
/// refusals, and changes of leaders and coordinators.
struct EmbeddedFaults {
    let kafka: EmbeddedKafka
    let topic: String
    let partitions: Int
    let transactionalIDs: [String]
    private(set) var counts: [String: Int] = [:]
    private var random: SeededRandom

    private static let apis: [EmbeddedKafka.API] = [
        .produce, .endTxn, .addPartitionsToTxn, .initProducerId, .findCoordinator, .fetch, .metadata,
    ]

    init(_ kafka: EmbeddedKafka, topic: String, partitions: Int, transactionalIDs: [String], seed: UInt64) {
        self.kafka = kafka
        self.topic = topic
        self.partitions = partitions
        self.transactionalIDs = transactionalIDs
        self.random = SeededRandom(seed)
    }

    /// Causes one fault after the other for this time.
    mutating func run(for time: Duration) async throws {
        let end = ContinuousClock.now + time
        while ContinuousClock.now < end {
            let name = try await self.causeOne()
            self.counts[name, default: 0] += 1
            // The time without a fault.
            try await self.pass(10...120)
        }
        self.kafka.removeFaults()
    }

    private mutating func pass(_ milliseconds: ClosedRange<Int64>) async throws {
        try await Task.sleep(for: .milliseconds(Int64.random(in: milliseconds, using: &self.random)))
    }

    private mutating func causeOne() async throws -> String {
        let broker = self.kafka.brokerIDs.randomElement(using: &self.random) ?? 1
        switch Int.random(in: 0..<9, using: &self.random) {
        case 0:
            try await self.kafka.closeConnections(of: broker)
            return "connections closed"
        case 1:
            try await self.kafka.stopBroker(broker)
            try await self.pass(50...600)
            try await self.kafka.startBroker(broker)
            return "brokers restarted"
        case 2:
            let partition = Int.random(in: 0..<self.partitions, using: &self.random)
            try await self.kafka.moveLeader(of: self.topic, partition: partition, to: broker)
            return "leaders moved"
        case 3:
            let id = self.transactionalIDs.randomElement(using: &self.random) ?? ""
            try await self.kafka.moveCoordinator(ofTransactionalID: id, to: broker)
            return "coordinators moved"
        case 4:
            // A request that arrives after its sender has given up the connection and sent it again.
            let hold = EmbeddedKafka.Hold()
            let api = [EmbeddedKafka.API.produce, .endTxn, .addPartitionsToTxn].randomElement(using: &self.random)
            let late = self.kafka.inject(.hold(hold), on: api ?? .produce, times: 1)
            try await self.pass(20...100)
            try await self.kafka.closeConnections()
            try await self.pass(20...200)
            late.remove()
            hold.release()
            return "requests late"
        case 5:
            self.injectAnywhere(.closeBeforeWork)
            return "requests lost"
        case 6:
            self.injectAnywhere(.closeAfterWork)
            return "answers lost"
        case 7:
            self.injectAnywhere(.delay(.milliseconds(Int64.random(in: 5...300, using: &self.random))))
            return "answers delayed"
        default:
            let errors: [(EmbeddedKafka.API, ErrorCode)] = [
                (.produce, .notLeaderOrFollower), (.produce, .notEnoughReplicas), (.endTxn, .notCoordinator),
                (.endTxn, .coordinatorLoadInProgress), (.addPartitionsToTxn, .concurrentTransactions),
                (.initProducerId, .concurrentTransactions), (.initProducerId, .coordinatorNotAvailable),
            ]
            let (api, code) = errors.randomElement(using: &self.random) ?? errors[0]
            self.kafka.inject(.fail(code), on: api, times: Int.random(in: 1...3, using: &self.random))
            return "requests refused"
        }
    }

    private mutating func injectAnywhere(_ fault: EmbeddedKafka.Fault) {
        let api = Self.apis.randomElement(using: &self.random) ?? .produce
        self.kafka.inject(fault, on: api, times: Int.random(in: 1...3, using: &self.random))
    }
}
