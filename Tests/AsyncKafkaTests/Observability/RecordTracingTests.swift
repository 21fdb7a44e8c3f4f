// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import KafkaMemory
import KafkaTestSupport
import Testing

/// The spans around sending and processing, and how their contexts travel with the records.
@Suite(.timeLimit(.minutes(1))) struct RecordTracingTests {
    private struct Refusal: Error {}

    private let kept = KeptSpans()

    private func withTopic(_ body: @escaping @Sendable (EmbeddedKafka) async throws -> Void) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("orders", partitions: 2)
            try await body(kafka)
        }
    }

    private func producing(_ kafka: EmbeddedKafka) -> ProducerConfiguration {
        kafka.producing {
            $0.cluster.tracer = self.kept
            $0.cluster.clientID = "shop"
        }
    }

    private func consuming(_ kafka: EmbeddedKafka) -> ConsumerConfiguration {
        var configuration = kafka.consuming("billing")
        configuration.enableAutoCommit = false
        configuration.cluster.tracer = self.kept
        return configuration
    }

    private let record = ProducerRecord(topic: "orders", partition: 1, key: "17", value: "paid")

    /// Each way to pass a record to a producer.
    enum Way: CaseIterable { case send, sendMany, enqueue, tryEnqueue, enqueueInTransaction, sendInTransaction }

    private func write(_ record: ProducerRecord, _ kafka: EmbeddedKafka, _ way: Way) async throws {
        switch way {
        case .enqueueInTransaction, .sendInTransaction:
            try await KafkaTransactionalProducer.withProducer(self.producing(kafka), transactionalID: "a") { producer in
                try await producer.withTransaction { transaction in
                    if way == .sendInTransaction {
                        _ = try await transaction.send(record)
                    } else {
                        try await transaction.enqueue(record)
                    }
                }
            }
        case .send, .sendMany, .enqueue, .tryEnqueue:
            try await KafkaProducer.withProducer(self.producing(kafka)) { producer in
                _ = try await producer.partitions(of: record.topic)
                switch way {
                case .send: _ = try await producer.send(record)
                case .sendMany: _ = await producer.send([record])
                case .enqueue: try await producer.enqueue(record)
                default: _ = try producer.tryEnqueue(record)
                }
            }
        }
    }

    @Test(arguments: Way.allCases) func aRecordCarriesTheContextOfItsSpan(way: Way) async throws {
        try await self.withTopic { kafka in
            var record = self.record
            record.headers = [RecordHeader("traceparent", "of the record that was read"), RecordHeader("kind", "a")]
            try await self.write(record, kafka, way)
            let stored = try #require(try await kafka.records(of: "orders").first)
            #expect(stored.headers == [RecordHeader("kind", "a"), RecordHeader("traceparent", "span 1")])
            let span = try #require(self.kept.spans.first)
            #expect(self.kept.spans.count == 1)
            let isSend = way == .send || way == .sendInTransaction
            #expect(span.operation.name == (isSend ? "send orders" : "create orders"))
            let expected: [String: KafkaOperation.Attribute.Value] = [
                "messaging.system": .string("kafka"), "messaging.destination.name": .string("orders"),
                "messaging.operation.type": .string(isSend ? "send" : "create"), "messaging.client.id": .string("shop"),
                "messaging.kafka.message.key": .string("17"), "messaging.destination.partition.id": .string("1"),
                "messaging.kafka.offset": isSend ? .int(0) : nil,
            ].compactMapValues { $0 }
            for (key, value) in expected { #expect(span.attributes[key] == value, "\(key)") }
            #expect(span.ends == 1)
            #expect(span.error == nil)
        }
    }

    @Test func aSpanEndsWithTheErrorOfItsRecord() async throws {
        try await self.withTopic { kafka in
            let invalid = ProducerRecord(topic: "orders", value: nil, timestamp: Timestamp(millisecondsSince1970: -5))
            for way in [Way.send, .enqueue, .tryEnqueue] {
                _ = await code { try await self.write(invalid, kafka, way) }
            }
            #expect(self.kept.spans.map(\.ends) == [1, 1, 1])
            #expect(self.kept.spans.allSatisfy { ($0.error as? KafkaError)?.code == .invalidArgument })
            #expect(self.kept.spans.allSatisfy { $0.attributes["messaging.kafka.message.tombstone"] == .bool(true) })
        }
    }

    /// The body's task has the span as its current one, and the span knows the contexts of what is processed.
    @Test(arguments: [true, false]) func whatIsProcessedHasASpanWithItsSources(isBatch: Bool) async throws {
        try await self.withTopic { kafka in
            try await KafkaProducer.withProducer(self.producing(kafka)) { producer in
                for _ in 0..<2 { try await producer.enqueue(self.record) }
            }
            self.kept.forget()
            let assigned = [TopicPartition("orders", 1)]
            try await KafkaConsumer.withConsumer(self.consuming(kafka), assigned: assigned) { consumer in
                for try await batch in consumer.batches {
                    if isBatch {
                        await #expect(throws: Refusal.self) {
                            try await consumer.withSpan(processing: batch) {
                                #expect(KeptSpans.current == 1)
                                throw Refusal()
                            }
                        }
                    } else {
                        for record in batch {
                            let result = await consumer.withSpan(processing: record) { record.offset }
                            #expect(result == record.offset)
                        }
                    }
                    #expect(KeptSpans.current == nil)
                    break
                }
            }
            let spans = self.kept.spans
            #expect(spans.map(\.operation.name) == Array(repeating: "process orders", count: isBatch ? 1 : 2))
            #expect(
                spans.map { $0.operation.sources.map { $0["traceparent"].map { String(decoding: $0, as: UTF8.self) } } }
                    == (isBatch ? [["span 1", "span 2"]] : [["span 1"], ["span 2"]]))
            #expect(spans.allSatisfy { $0.attributes["messaging.consumer.group.name"] == .string("billing") })
            #expect(spans.allSatisfy { ($0.error is Refusal) == isBatch && $0.ends == 1 })
            if isBatch {
                #expect(spans.first?.attributes["messaging.batch.message_count"] == .int(2))
            } else {
                #expect(spans.map { $0.attributes["messaging.kafka.offset"] } == [.int(0), .int(1)])
            }
        }
    }

    @Test func aProcessedBatchHasASpanAroundItsClosure() async throws {
        try await self.withTopic { kafka in
            try await kafka.createTopic("invoices")
            try await self.write(self.record, kafka, .send)
            try await KafkaTransactionalProducer.withProducer(self.producing(kafka), transactionalID: "a") { producer in
                try await KafkaConsumer.withConsumer(
                    self.consuming(kafka), assigned: [TopicPartition("orders", 1)]
                ) { consumer in
                    try await producer.process(consumer) { batch, transaction in
                        #expect(KeptSpans.current == 2)
                        try await transaction.enqueue(ProducerRecord(topic: "invoices", value: "7"))
                        consumer.triggerGracefulShutdown()
                    }
                }
            }
            #expect(self.kept.spans.map(\.operation.name) == ["send orders", "process orders", "create invoices"])
            #expect(self.kept.spans.map(\.parent) == [nil, nil, 2])
        }
    }
}

/// A tracer that keeps its spans. Their contexts are "span 1", "span 2" and so on.
private final class KeptSpans: KafkaTracer {
    struct Kept {
        var operation: KafkaOperation
        var parent: Int?
        var attributes: [String: KafkaOperation.Attribute.Value]
        var ends = 0
        var error: (any Error)?
    }

    /// The number of the task's current span.
    @TaskLocal static var current: Int?

    private let all = Lock([Kept]())

    var spans: [Kept] { self.all.withLock { $0 } }

    /// Forgets the spans, and begins to count again.
    func forget() { self.all.withLock { $0 = [] } }

    func begin(_ operation: KafkaOperation) -> any KafkaSpan {
        let attributes = Dictionary(operation.attributes.map { ($0.key, $0.value) }) { $1 }
        let number = self.all.withLock { spans in
            spans.append(Kept(operation: operation, parent: Self.current, attributes: attributes))
            return spans.count
        }
        return Span(spans: self, number: number)
    }

    private func end(_ number: Int, _ attributes: [KafkaOperation.Attribute], _ error: (any Error)?) {
        self.all.withLock { spans in
            for attribute in attributes { spans[number - 1].attributes[attribute.key] = attribute.value }
            spans[number - 1].ends += 1
            spans[number - 1].error = error
        }
    }

    private struct Span: KafkaSpan {
        let spans: KeptSpans
        let number: Int

        var headers: [RecordHeader] { [RecordHeader("traceparent", "span \(self.number)")] }

        func end(_ attributes: [KafkaOperation.Attribute], error: (any Error)?) {
            self.spans.end(self.number, attributes, error)
        }

        func withCurrent<Result>(_ body: () async throws -> Result) async rethrows -> Result {
            try await KeptSpans.$current.withValue(self.number, operation: body)
        }
    }
}
