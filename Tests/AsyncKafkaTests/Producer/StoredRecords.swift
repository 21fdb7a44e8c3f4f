// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

@testable import AsyncKafka
@testable import EmbeddedKafka

/// A record as a broker stores it.
struct StoredRecord: Sendable {
    var offset: Int64
    var timestamp: Int64
    var key: Bytes?
    var value: Bytes?
    var headers: [RecordHeader]
    var producerEpoch: Int16
    var codec: CompressionCodec?

    var text: String { self.value.map { String(decoding: $0, as: UTF8.self) } ?? "" }
}

extension EmbeddedKafka {
    /// All records of a partition.
    func stored(_ topic: String, _ index: Int = 0) async throws -> [StoredRecord] {
        let slices = try await self.onPartition(topic, index) { _, partition throws(EmbeddedKafkaError) in
            do throws(BrokerError) {
                return try partition.log.read(
                    from: partition.log.startOffset, maxBytes: .max, atLeastOneBatch: true, before: .max)
            } catch {
                throw EmbeddedKafkaError(error)
            }
        }
        var stored: [StoredRecord] = []
        for slice in slices {
            var reader = RecordBatchReader(slice)
            while let batch = try reader.next() {
                try batch.validateChecksum()
                let records = try batch.records(decompressionLimit: 64 << 20)
                var iterator = records.makeIterator()
                while let record = try iterator.next() {
                    stored.append(
                        StoredRecord(
                            offset: record.offset, timestamp: record.timestamp, key: records.key(of: record),
                            value: records.value(of: record), headers: records.headers(of: record),
                            producerEpoch: batch.producerEpoch, codec: batch.codec))
                }
            }
        }
        return stored
    }

    /// The values in a partition, as text.
    func values(_ topic: String, _ index: Int = 0) async throws -> [String] {
        try await self.stored(topic, index).map(\.text)
    }

    /// Waits until all connections are closed and their requests processed.
    func untilNobodyIsConnected() async throws {
        while try await self.onLoop({ $0.brokers.values.contains { $0.connectionCount > 0 } }) { await Task.yield() }
    }

    /// A client configuration with short backoffs for this cluster.
    func client() -> KafkaClientConfiguration {
        var client = KafkaClientConfiguration(bootstrapServers: self.bootstrapServers)
        client.clock = self.clock
        client.retryBackoff = .milliseconds(5)
        client.retryBackoffMax = .milliseconds(50)
        client.reconnectBackoff = .milliseconds(5)
        client.reconnectBackoffMax = .milliseconds(50)
        client.log = SilentLog()
        return client
    }

    /// A producer configuration with short backoffs.
    func producing(_ change: (inout ProducerConfiguration) -> Void = { _ in }) -> ProducerConfiguration {
        var configuration = ProducerConfiguration(self.client())
        configuration.linger = .milliseconds(1)
        change(&configuration)
        return configuration
    }

    /// A producer configuration with a small buffer, batches of 8 KB and requests of 16 KB.
    func producing(buffer: Int, maxBlock: Duration) -> ProducerConfiguration {
        self.producing {
            $0.bufferMemory = buffer
            $0.maxRequestSize = 16 << 10
            $0.batchSize = 8 << 10
            $0.maxBlock = maxBlock
        }
    }
}
