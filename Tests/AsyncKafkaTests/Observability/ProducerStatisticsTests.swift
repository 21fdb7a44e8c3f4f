// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import Foundation
import KafkaMemory
import KafkaTestSupport
import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(1))) struct ProducerStatisticsTests {
    private let clock = TestClock()

    private func configuration(_ kafka: EmbeddedKafka) -> ProducerConfiguration {
        kafka.producing {
            $0.cluster.clock = self.clock.loopClock
            $0.cluster.log = SilentLog()
            $0.linger = .milliseconds(40)
        }
    }

    @Test func recordsBatchesAndTheirTimesAreCounted() async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            var configuration = self.configuration(kafka)
            configuration.compression = .gzip
            try await KafkaProducer.withProducer(configuration) { producer in
                _ = try await producer.send(ProducerRecord(topic: "t", partition: 0, value: "first"))
                let hold = EmbeddedKafka.Hold()
                kafka.inject(.holdAnswer(hold), on: .produce)
                var deliveries: [Delivery] = []
                for _ in 0..<9 {
                    deliveries.append(
                        try await producer.enqueue(
                            ProducerRecord(topic: "t", partition: 0, value: Bytes(repeatElement(7, count: 1000)))))
                }
                let open = producer.statistics()
                #expect(open.partitions.map(\.records) == [9])
                #expect(open.partitions.first?.batchesWaiting == 1 && open.partitions.first?.batchesInFlight == 0)
                await hold.untilHeld()
                let busy = producer.statistics()
                #expect(busy.partitions.first?.batchesWaiting == 0 && busy.partitions.first?.batchesInFlight == 1)
                #expect(busy.partitions.first?.leader == 1 && busy.partitions.first?.records == 9)
                #expect(busy.buffer.used >= 9000 && busy.buffer.size == configuration.bufferMemory)
                try await self.clock.sleep(for: .seconds(3))
                hold.release()
                for delivery in deliveries { _ = try await delivery.metadata }

                let statistics = producer.statistics()
                #expect(statistics.records.total == 10 && statistics.batches.total == 2)
                #expect(statistics.failedRecords.total == 0 && statistics.retriedBatches.total == 0)
                #expect(statistics.partitions.isEmpty && statistics.buffer.used == 0)
                #expect(statistics.transactions == nil)
                let latency = try #require(statistics.sendLatency.lastMinute)
                #expect(latency.count == 2 && latency.maximum == .milliseconds(3040))
                #expect(abs(latency.p50 / .milliseconds(40) - 1) < 0.032)
                let sizes = try #require(statistics.batchSize.lastMinute)
                #expect(Double(statistics.bytes.total) == statistics.batchSize.totalSum)
                #expect(sizes.maximum < 1000)
                #expect(statistics.batchRecords.lastMinute?.maximum == 9)
                let ratio = try #require(statistics.compressionRatio.lastMinute)
                #expect(ratio.p50 < 0.1 && ratio.maximum > 0.5, "the first record can't be compressed")
                #expect(statistics.records.perSecond > 2 && statistics.records.perSecond < 5)
                let produced = kafka.requests.filter { $0.api == .produce }.map(\.byteCount).reduce(0, +)
                #expect(produced > statistics.bytes.total && produced < statistics.bytes.total + 300)
            }
        }
    }

    @Test func batchesThatAreRetriedOrGivenUpAreCounted() async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            try? await KafkaProducer.withProducer(self.configuration(kafka)) { producer in
                kafka.inject(.fail(.notEnoughReplicas), on: .produce, times: 2)
                _ = try await producer.send(ProducerRecord(topic: "t", partition: 0, value: "retried"))
                kafka.inject(.fail(.topicAuthorizationFailed), on: .produce)
                await #expect(throws: KafkaError.self) {
                    try await producer.send(ProducerRecord(topic: "t", partition: 0, value: "refused"))
                }
                let statistics = producer.statistics()
                #expect(statistics.records.total == 1 && statistics.failedRecords.total == 1)
                #expect(statistics.batches.total == 2 && statistics.retriedBatches.total == 2)
                #expect(statistics.batchSize.totalCount == 2)
            }
        }
    }

    @Test func transactionsAreCountedByTheirOutcome() async throws {
        struct Regret: Error {}
        try await self.clock.withCluster(brokers: 1) { kafka in
            try await KafkaTransactionalProducer.withProducer(self.configuration(kafka), transactionalID: "x") {
                producer in
                try await producer.withTransaction { transaction in
                    try await transaction.enqueue(ProducerRecord(topic: "t", value: "kept"))
                    #expect(producer.statistics().transactions?.state == "open")
                    try await self.clock.sleep(for: .seconds(5))
                }
                await #expect(throws: Regret.self) {
                    try await producer.withTransaction { transaction in
                        try await transaction.enqueue(ProducerRecord(topic: "t", value: "dropped"))
                        throw Regret()
                    }
                }
                let transactions = try #require(producer.statistics().transactions)
                #expect(transactions.transactionalID == "x")
                #expect(transactions.committed.total == 1 && transactions.aborted.total == 1)
                #expect(transactions.duration.lastMinute?.maximum ?? .zero >= .seconds(5))
            }
        }
    }

    @Test func theTextAndTheJSONHaveWhatTheValueHas() async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            try await KafkaProducer.withProducer(self.configuration(kafka)) { producer in
                _ = try await producer.send(ProducerRecord(topic: "t", value: "x"))
                let statistics = producer.statistics()
                let text = statistics.description
                for part in [
                    "127.0.0.1:", "(id 1) general: open", "records: 1, ", "send latency: p50 ",
                    "buffer: 0 B of 33.6 MB",
                ] {
                    #expect(text.contains(part), "\(part) in \(text)")
                }
                let json = try #require(
                    JSONSerialization.jsonObject(with: Data(statistics.json.utf8)) as? [String: Any])
                let latency = try #require(json["sendLatency"] as? [String: Any])
                #expect(latency["totalSum"] as? Double == statistics.sendLatency.totalSum.seconds)
                #expect((json["records"] as? [String: Any])?["total"] as? Int == 1)
                let connections = (json["client"] as? [String: Any])?["connections"] as? [[String: Any]]
                #expect(connections?.first?["state"] as? String == "open")
            }
        }
    }

    @Test func thePartsOfABatchThatWasSplitAreBatchesOfTheirOwn() async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            try await KafkaProducer.withProducer(self.configuration(kafka)) { producer in
                _ = try await producer.partitions(of: "t")
                kafka.inject(.fail(.messageTooLarge), on: .produce)
                _ = await producer.send((0..<10).map { ProducerRecord(topic: "t", partition: 0, value: "\($0)") })
                let statistics = producer.statistics()
                #expect(statistics.records.total == 10)
                #expect(statistics.batches.total == 3 && statistics.retriedBatches.total == 0)
            }
        }
    }
}
