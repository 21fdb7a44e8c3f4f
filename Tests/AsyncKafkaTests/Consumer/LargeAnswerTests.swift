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

/// Answers that are larger than this client takes.
@Suite(.timeLimit(.minutes(1))) struct LargeAnswerTests {
    @Test(arguments: [1, 2]) func aRecordThatIsLargerThanAResponseMayBeIsToldToTheReader(partitions: Int) async throws {
        var cluster = EmbeddedKafka.Configuration()
        cluster.maximumBatchBytes = 8 << 20
        try await EmbeddedKafka.withCluster(cluster) { kafka in
            try await kafka.createTopic("t", partitions: partitions)
            let writing = kafka.producing { $0.maxRequestSize = 8 << 20 }
            try await KafkaProducer.withProducer(writing) { producer in
                let value = Bytes(repeatElement(UInt8(1), count: 5_000_000))
                _ = try await producer.send(ProducerRecord(topic: "t", partition: 0, value: value))
            }
            var configuration = kafka.consuming()
            configuration.cluster.maximumResponseSize = 1 << 20
            let all = (0..<partitions).map { TopicPartition("t", Int32($0)) }
            try await KafkaConsumer.withConsumer(configuration, assigned: all) { consumer in
                let error = await #expect(throws: KafkaError.self) {
                    _ = try await consumer.poll(timeout: .seconds(30))
                }
                #expect(error?.code == .recordTooLarge)
                #expect(error?.message.contains("maximumResponseSize") == true, "\(error?.message ?? "")")
            }
        }
    }
}
