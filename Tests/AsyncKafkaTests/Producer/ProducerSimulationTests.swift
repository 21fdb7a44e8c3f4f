// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTransport
import Testing

@testable import AsyncKafka

/// A producer with all faults at once.
@Suite(.timeLimit(.minutes(2))) struct ProducerSimulationTests {
    /// Random faults on three brokers. Invariants of every run: each record ends once, acknowledged records are stored
    /// once and in order, and records that failed with a known outcome are not stored.
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func invariantsHoldUnderRandomFaults(_ seed: UInt64) async throws {
        try await EmbeddedKafka.withCluster(brokers: 3) { kafka in
            let partitions = 4
            try await kafka.createTopic("t", partitions: partitions, replicationFactor: 3)
            let configuration = kafka.producing {
                $0.batchSize = 1024
                $0.cluster.requestTimeout = .milliseconds(300)
            }
            let count = 4000
            let results = try await KafkaProducer.withProducer(configuration) { producer in
                _ = try await producer.partitions(of: "t")
                return try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        var random = SeededGenerator(seed: seed)
                        while !Task.isCancelled {
                            let faults: [EmbeddedKafka.Fault] = [
                                .closeBeforeWork, .closeAfterWork, .dropAnswer, .delay(.milliseconds(20)),
                                .fail(.notLeaderOrFollower), .fail(.notEnoughReplicas), .fail(.requestTimedOut),
                                .fail(.policyViolation), .cut(after: 10),
                            ]
                            let fault = kafka.inject(
                                faults[Int.random(in: 0..<faults.count, using: &random)], on: .produce)
                            if Int.random(in: 0..<3, using: &random) == 0 {
                                try await kafka.moveLeader(
                                    of: "t", partition: Int.random(in: 0..<partitions, using: &random),
                                    to: Int.random(in: 1...3, using: &random))
                            }
                            let seen = kafka.requests.count { $0.api == .produce }
                            await kafka.untilRequests(of: .produce, count: seen + 3)
                            fault.remove()
                        }
                    }
                    var deliveries: [Delivery] = []
                    for number in 0..<count {
                        deliveries.append(
                            try await producer.enqueue(
                                ProducerRecord(topic: "t", partition: Int32(number % partitions), value: "\(number)")))
                        if number % 100 == 0 { await Task.yield() }
                    }
                    var results: [Result<RecordMetadata, KafkaError>] = []
                    for delivery in deliveries {
                        do throws(KafkaError) {
                            results.append(.success(try await delivery.metadata))
                        } catch {
                            results.append(.failure(error))
                        }
                    }
                    group.cancelAll()
                    return results
                }
            }
            for partition in 0..<partitions {
                let stored = try await kafka.stored("t", partition)
                let numbers = stored.compactMap { Int($0.text) }
                #expect(numbers == Set(numbers).sorted(), "duplicated or out of order")
                let offsets = Dictionary(uniqueKeysWithValues: stored.map { (Int($0.text) ?? -1, $0.offset) })
                for number in stride(from: partition, to: count, by: partitions) {
                    switch results[number] {
                    case .success(let metadata):
                        if let offset = metadata.offset { #expect(offsets[number] == offset) }
                        if offsets[number] == nil { Issue.record("\(number) was acknowledged and is lost") }
                    case .failure(let error):
                        if !error.isOutcomeUnknown, offsets[number] != nil {
                            Issue.record("\(number) failed for certain and is stored: \(error)")
                        }
                    }
                }
            }
            let acknowledged = results.count { (try? $0.get()) != nil }
            #expect(acknowledged > count / 2)
        }
    }
}
