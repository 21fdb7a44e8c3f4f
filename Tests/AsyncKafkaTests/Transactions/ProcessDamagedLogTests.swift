// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import Testing

@testable import AsyncKafka

/// `KafkaTransactionalProducer.process` meets a batch whose checksum is wrong.
@Suite(.timeLimit(.minutes(1))) struct ProcessDamagedLogTests {
    private let partition = TopicPartition("in", 0)

    /// The damaged batch would be the first of a transaction, or the second.
    @Test(arguments: [1, 3])
    func aDamagedBatchIsAnErrorAndWhatIsAroundItIsProcessedOnce(records: Int) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            for topic in ["in", "out"] { try await kafka.createTopic(topic) }
            let damaged = LogBatch.damaged(try LogBatch.records(["c", "d"], at: 2))
            try await kafka.store(
                [try LogBatch.records(["a", "b"], at: 0), damaged, try LogBatch.records(["e", "f"], at: 4)], in: "in")
            var configuration = kafka.consuming("group")
            configuration.enableAutoCommit = false
            configuration.isolationLevel = .readCommitted
            let interval = TransactionInterval.records(records)
            try await KafkaTransactionalProducer.withProducer(kafka.producing(), transactionalID: "copier") {
                producer in
                try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                    // Nothing is skipped, however often it is tried.
                    for _ in 0..<3 {
                        let failure = await self.failure(of: producer, consumer, every: interval)
                        #expect(failure?.code == .corruptRecord && failure?.topic == "in")
                    }
                    #expect(try await kafka.committed("out") == ["a", "b"])
                    try await consumer.seek(self.partition, to: .offset(4))
                    try await producer.process(consumer, every: interval) { batch, transaction in
                        for record in batch {
                            try await transaction.enqueue(ProducerRecord(topic: "out", value: Bytes(record.text)))
                        }
                        consumer.triggerGracefulShutdown()
                    }
                }
            }
            #expect(try await kafka.committed("out") == ["a", "b", "e", "f"])
        }
    }

    private func failure(
        of producer: KafkaTransactionalProducer, _ consumer: KafkaConsumer, every interval: TransactionInterval
    ) async -> KafkaError? {
        do {
            try await producer.process(consumer, every: interval) { batch, transaction in
                for record in batch {
                    try await transaction.enqueue(ProducerRecord(topic: "out", value: Bytes(record.text)))
                }
            }
            return nil
        } catch {
            return error as? KafkaError
        }
    }
}
