// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaTestSupport
import Testing

@testable import AsyncKafka

/// Reading a topic whose log has gaps, and what tests of users do around it.
@Suite(.timeLimit(.minutes(1))) struct CompactedTopicTests {
    private let clock = TestClock()

    @Test func aConsumerGoesOverTheGapsOfACompactedTopic() async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            try await kafka.createTopic("t", configuration: ["cleanup.policy": "compact"])
            try await KafkaProducer.withProducer(ProducerConfiguration(kafka.clientConfiguration)) { producer in
                for index in 0..<30 {
                    let value = index % 3 == 2 ? nil : Bytes("\(index)")
                    try await producer.enqueue(
                        ProducerRecord(topic: "t", key: Bytes("k\(index % 4)"), value: value))
                    if index % 5 == 4 { try await producer.flush() }
                }
                try await producer.flush()
            }
            try await kafka.clean()
            let left = try await kafka.records(of: "t")
            #expect(left.map(\.offset) == [26, 27, 28, 29])
            try await KafkaConsumer.withConsumer(kafka.consuming("g"), subscribedTo: ["t"]) { consumer in
                var read: [ConsumerRecord] = []
                while read.count < 4, let record = try await consumer.nextRecord() { read.append(record) }
                #expect(read.map(\.offset) == left.map(\.offset))
                #expect(read.map(\.value) == left.map(\.value))
                let group = try await kafka.waitForStableGroup("g", members: 1)
                #expect(group.state == "Stable")
                #expect(group.members.count == 1)
                // Seeking into a gap continues with the next record.
                try await consumer.seek(TopicPartition("t", 0), to: .offset(3))
                #expect(try await consumer.nextRecord()?.offset == 26)
            }
        }
    }
}
