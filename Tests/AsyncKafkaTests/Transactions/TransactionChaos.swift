// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTestSupport

@testable import AsyncKafka

/// Troubles a cluster at random, as its seed says.
struct TransactionChaos {
    let kafka: EmbeddedKafka
    let ids: [String]
    let topics: [(name: String, partitions: Int)]
    var group: String?
    var random: SeededRandom

    private static let apis: [EmbeddedKafka.API] = [
        .produce, .findCoordinator, .initProducerId, .addPartitionsToTxn, .addOffsetsToTxn, .txnOffsetCommit, .endTxn,
        .metadata, .fetch, .offsetFetch, .heartbeat, .joinGroup, .syncGroup,
    ]

    private static let passing: [ErrorCode] = [
        .notCoordinator, .coordinatorNotAvailable, .coordinatorLoadInProgress, .requestTimedOut, .unknownServerError,
        .notLeaderOrFollower,
    ]

    private mutating func oneOf<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &self.random)]
    }

    private mutating func fault(of api: EmbeddedKafka.API) -> EmbeddedKafka.Fault {
        switch Int.random(in: 0..<10, using: &self.random) {
        case 0, 1: return .closeBeforeWork
        case 2, 3: return .closeAfterWork
        case 4: return .dropAnswer
        case 5: return .delay(.milliseconds(Int.random(in: 1..<300, using: &self.random)))
        case 6: return .cut(after: 6)
        default: break
        }
        switch api {
        case .endTxn, .initProducerId, .addPartitionsToTxn:
            return .fail(self.oneOf(Self.passing.dropLast() + [.concurrentTransactions, .transactionAbortable]))
        case .txnOffsetCommit, .addOffsetsToTxn:
            return .fail(self.oneOf(Self.passing.dropLast() + [.transactionAbortable]))
        case .produce:
            return .fail(
                self.oneOf(Self.passing + [.notEnoughReplicas, .notEnoughReplicasAfterAppend, .transactionAbortable]))
        case .heartbeat, .joinGroup, .syncGroup:
            return .fail(self.oneOf([.notCoordinator, .rebalanceInProgress, .unknownMemberId, .illegalGeneration]))
        default: return .fail(self.oneOf(Self.passing.dropLast()))
        }
    }

    /// Does one evil.
    mutating func strike() async throws {
        switch Int.random(in: 0..<14, using: &self.random) {
        case 0:
            let id = self.oneOf(self.ids)
            try? await self.kafka.moveCoordinator(
                ofTransactionalID: id, to: Int.random(in: 1...3, using: &self.random))
        case 1:
            let topic = self.oneOf(self.topics)
            try? await self.kafka.moveLeader(
                of: topic.name, partition: Int.random(in: 0..<topic.partitions, using: &self.random),
                to: Int.random(in: 1...3, using: &self.random))
        case 2:
            let broker = Int.random(in: 1...3, using: &self.random)
            try await self.kafka.stopBroker(broker)
            try await Task.sleep(for: .milliseconds(Int.random(in: 1..<150, using: &self.random)))
            try await self.kafka.startBroker(broker)
        case 3:
            try await self.kafka.closeConnections(of: Int.random(in: 1...3, using: &self.random))
        case 4:
            try await self.kafka.setTransactionVersion(Int.random(in: 0...2, using: &self.random))
        case 5:
            guard let group else { return }
            try? await self.kafka.moveCoordinator(ofGroup: group, to: Int.random(in: 1...3, using: &self.random))
        default:
            let api = self.oneOf(Self.apis)
            self.kafka.inject(self.fault(of: api), on: api, times: Int.random(in: 1...3, using: &self.random))
        }
    }

    /// Troubles the cluster until the task is cancelled, and leaves it healthy.
    mutating func rage(every pause: ClosedRange<Int>) async throws {
        while !Task.isCancelled {
            try? await self.strike()
            try? await Task.sleep(for: .milliseconds(Int.random(in: pause, using: &self.random)))
        }
    }

    func heal() async throws {
        self.kafka.removeFaults()
        for broker in 1...3 { try await self.kafka.startBroker(broker) }
    }
}
