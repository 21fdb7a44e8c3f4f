// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import AsyncKafka

/// A fetch session against a model of the broker's side, with lost requests and answers, evictions and recreated topics.
@Suite struct FetchSessionSimulationTests {
    /// A broker's state of a client's session (KIP-227).
    private struct ModelBroker {
        /// Brokers look partitions up by topic id from Fetch v13 on, by name before.
        enum Key: Hashable {
            case id(KafkaUUID, Int32)
            case name(TopicPartition)
        }

        struct Session {
            var id: Int32
            var nextEpoch: Int32
            var usesTopicIDs: Bool
            var partitions: [Key: (TopicPartition, FetchSession.Partition)]
        }

        var session: Session?
        var grantsSessions = true
        private var lastID: Int32 = 0

        private static func key(_ partition: TopicPartition, _ id: KafkaUUID, _ usesTopicIDs: Bool) -> Key {
            usesTopicIDs ? .id(id, partition.partition) : .name(partition)
        }

        /// Returns the answer's error, its session id and the partitions that the session has now.
        mutating func receive(
            _ request: FetchSession.Request
        ) -> (ErrorCode, sessionID: Int32, [TopicPartition: FetchSession.Partition]) {
            if request.isFull {
                self.session = nil
                let partitions = Dictionary(uniqueKeysWithValues: request.partitions)
                guard request.sessionEpoch == 0, self.grantsSessions else {
                    return (.none, FetchSession.none, partitions)
                }
                self.lastID += 1
                self.session = Session(
                    id: self.lastID, nextEpoch: 1, usesTopicIDs: request.usesTopicIDs, partitions: [:])
            } else {
                guard let session = self.session, session.id == request.sessionID else {
                    return (.fetchSessionIdNotFound, FetchSession.none, [:])
                }
                guard session.nextEpoch == request.sessionEpoch else { return (.invalidFetchSessionEpoch, 0, [:]) }
                guard session.usesTopicIDs == request.usesTopicIDs else { return (.fetchSessionTopicIdError, 0, [:]) }
                self.session?.nextEpoch += 1
            }
            for (partition, asked) in request.partitions {
                let key = Self.key(partition, asked.topicID, request.usesTopicIDs)
                self.session?.partitions[key] = (partition, asked)
            }
            for (partition, id) in request.forgotten {
                self.session?.partitions[Self.key(partition, id, request.usesTopicIDs)] = nil
            }
            let values = self.session?.partitions.values.map { $0 } ?? []
            return (.none, self.session?.id ?? 0, Dictionary(values, uniquingKeysWith: { first, _ in first }))
        }
    }

    private static let partitions = ["a", "b", "c"].flatMap { topic in (0..<3).map { TopicPartition(topic, $0) } }

    private func wanted(
        _ ids: [String: KafkaUUID], _ random: inout SeededRandom
    ) -> [(TopicPartition, FetchSession.Partition)] {
        let chosen = Self.partitions.shuffled(using: &random).prefix(.random(in: 1...6, using: &random))
        return chosen.map { partition in
            let asked = FetchSession.Partition(
                topicID: ids[partition.topic] ?? .zero, fetchOffset: .random(in: 0...2, using: &random),
                maximumBytes: 100)
            return (partition, asked)
        }
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func theBrokerAlwaysHasExactlyWhatIsWanted(seed: UInt64) {
        var random = SeededRandom(seed)
        var broker = ModelBroker()
        var session = FetchSession()
        var ids = Dictionary(uniqueKeysWithValues: ["a", "b", "c"].enumerated().map { ($1, KafkaUUID.number($0 + 1)) })
        var incremental = 0
        for step in 0..<500 {
            switch Int.random(in: 0..<40, using: &random) {
            case 0: ids["a"] = .number(100 + step)
            case 1: ids["b"] = Bool.random(using: &random) ? .zero : .number(100 + step)
            case 2: broker.session = nil
            case 3: broker.grantsSessions.toggle()
            case 4: if let closing = session.close() { _ = broker.receive(closing) }
            default: break
            }
            let wanted = self.wanted(ids, &random)
            let request = session.begin(wanted: wanted, knowsTopicIDs: .random(in: 0..<50, using: &random) > 0)
            let fate = Int.random(in: 0..<20, using: &random)
            // The request is lost.
            if fate == 0 {
                session.failed()
                continue
            }
            let hadSession = broker.session != nil
            let (error, sessionID, held) = broker.receive(request)
            // A broker rejects a request only if it has lost the session itself.
            if error != .none { #expect(error == .fetchSessionIdNotFound && !hadSession, "step \(step): \(error)") }
            if error == .none {
                #expect(held == Dictionary(uniqueKeysWithValues: wanted), "step \(step)")
                if !request.isFull { incremental += 1 }
            }
            switch fate {
            case 1:
                // The answer is lost.
                session.failed()
            case 2 where error == .none:
                // The answer names a partition that wasn't requested.
                let outcome = session.answered(
                    request, error: .none, sessionID: sessionID, partitions: [TopicPartition("z", 0)])
                #expect(outcome == .malformed)
            default:
                let named = request.isFull ? Array(held.keys) : held.keys.filter { _ in Bool.random(using: &random) }
                let outcome = session.answered(request, error: error, sessionID: sessionID, partitions: named)
                #expect(outcome == (error == .none ? .accepted : .rejected(error)), "step \(step)")
            }
        }
        // Otherwise sessions would have no effect.
        #expect(incremental > 20)
    }
}

extension KafkaUUID {
    fileprivate static func number(_ number: Int) -> KafkaUUID { KafkaUUID(high: 7, low: UInt64(number)) }
}
