// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import Testing

@testable import AsyncKafka

/// The log of failed records, which is short even if many fail.
@Suite(.timeLimit(.minutes(2))) struct FailedRecordsLogTests {
    @Test func manyFailedBatchesAreLoggedInFewLines() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("a")
            try await kafka.createTopic("b")
            kafka.inject(.fail(.policyViolation), on: .produce, times: nil)
            let log = KeptLog()
            let configuration = kafka.producing { $0.cluster.log = log }
            try await KafkaProducer.withProducer(configuration) { producer in
                for number in 0..<40 {
                    let record = ProducerRecord(topic: number % 2 == 0 ? "a" : "b", value: "v")
                    await #expect(throws: KafkaError.self) { try await producer.send(record) }
                }
            }
            let lines = log.events.filter { $0.level == .error }
            #expect(lines.count == 2, "\(lines.map(\.message))")
            #expect(lines.first?["kafka.topic"] == "a")
            #expect(lines.first?["count"] == "1")
            #expect(lines.first?["error"]?.contains("POLICY_VIOLATION") == true)
            // The records that failed after the first one. They are reported early because the producer closed.
            #expect(lines.last?["count"] == "39")
            #expect(lines.last?["kafka.topic"]?.contains("a") == true)
            #expect(lines.last?["kafka.topic"]?.contains("b") == true)
        }
    }

    @Test func anUnreachableBrokerIsLoggedOnceAndSoIsItsReturn() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            let log = KeptLog()
            let record = ProducerRecord(topic: "t", value: "v")
            try await KafkaProducer.withProducer(kafka.producing { $0.cluster.log = log }) { producer in
                _ = try await producer.send(record)
                try await kafka.stopBroker(1)
                let delivery = try await producer.enqueue(record)
                await log.until(.warning, containing: "Records can't be sent to a broker")
                try await kafka.startBroker(1)
                _ = try await delivery.metadata
                await log.until(.info, containing: "Records can be sent to a broker again")
            }
            #expect(log.count(.warning, containing: "Records can't be sent to a broker") == 1, "\(log.lines)")
        }
    }
}
