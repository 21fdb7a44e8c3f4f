// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka

extension EmbeddedKafka {
    var clientConfiguration: KafkaClientConfiguration {
        var configuration = KafkaClientConfiguration(bootstrapServers: self.bootstrapServers)
        configuration.log = SilentLog()
        configuration.clock = self.clock
        configuration.retryBackoff = .milliseconds(20)
        configuration.reconnectBackoff = .milliseconds(20)
        return configuration
    }

    /// A consumer configuration with short intervals.
    func consuming(_ group: String? = nil) -> ConsumerConfiguration {
        var configuration = ConsumerConfiguration(self.clientConfiguration, groupID: group)
        configuration.autoOffsetReset = .earliest
        configuration.heartbeatInterval = .milliseconds(50)
        configuration.fetchMaxWait = .milliseconds(100)
        return configuration
    }

    /// Writes records with the values `prefix0`, `prefix1` and so on to a partition, optionally each in its own batch.
    func fill(
        _ topic: String, partition: Int32 = 0, _ count: Int, prefix: String = "v", oneByOne: Bool = false,
        compression: Compression = .none
    ) async throws {
        var configuration = ProducerConfiguration(self.clientConfiguration)
        configuration.compression = compression
        try await KafkaProducer.withProducer(configuration) { producer in
            for index in 0..<count {
                try await producer.enqueue(
                    ProducerRecord(topic: topic, partition: partition, value: Bytes("\(prefix)\(index)")))
                if oneByOne { try await producer.flush() }
            }
            try await producer.flush()
        }
    }
}

extension ConsumerRecord {
    /// The value as text.
    var text: String { self.value.map { String(decoding: $0, as: UTF8.self) } ?? "nil" }
}

extension KafkaConsumer {
    /// Returns the next record, using a new sequence. Nil if the consumer has been shut down.
    func nextRecord() async throws(KafkaError) -> ConsumerRecord? {
        for try await record in self.records { return record }
        return nil
    }
}
