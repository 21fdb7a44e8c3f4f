// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if DistributedTracing
import AsyncKafka
import EmbeddedKafka
import InMemoryTracing
import ServiceContextModule
import Testing
import Tracing

/// A trace from a request through the producer, the broker and the consumer (trait `DistributedTracing`).
@Suite(.timeLimit(.minutes(1))) struct DistributedTracerTests {
    private let tracer = InMemoryTracer()

    @Test(arguments: [true, false]) func aTraceGoesFromTheRequestToTheProcessing(isBatch: Bool) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("orders")
            let producing = kafka.producing { $0.cluster.tracer = DistributedTracer(self.tracer) }
            try await KafkaProducer.withProducer(producing) { producer in
                try await self.tracer.withSpan("POST /orders", ofKind: .server) { _ in
                    _ = try await producer.send(ProducerRecord(topic: "orders", key: "17", value: "paid"))
                }
            }
            var consuming = kafka.consuming("billing")
            consuming.cluster.tracer = DistributedTracer(self.tracer)
            let assigned = [TopicPartition("orders", 0)]
            try await KafkaConsumer.withConsumer(consuming, assigned: assigned) { consumer in
                for try await batch in consumer.batches {
                    if isBatch {
                        await consumer.withSpan(processing: batch) { self.tracer.withSpan("store") { _ in } }
                    } else {
                        for record in batch {
                            await consumer.withSpan(processing: record) { self.tracer.withSpan("store") { _ in } }
                        }
                    }
                    break
                }
            }
        }
        let spans = Dictionary(uniqueKeysWithValues: self.tracer.finishedSpans.map { ($0.operationName, $0) })
        let request = try #require(spans["POST /orders"])
        let send = try #require(spans["send orders"])
        let process = try #require(spans["process orders"])
        let store = try #require(spans["store"])
        #expect(send.kind == .producer)
        #expect(send.parentSpanID == request.spanID)
        #expect(send.attributes.get("messaging.kafka.offset") == .int64(0))
        #expect(send.attributes.get("messaging.destination.name") == .string("orders"))
        #expect(process.kind == .consumer)
        #expect(process.attributes.get("messaging.consumer.group.name") == .string("billing"))
        #expect(process.links.map { $0.context.inMemorySpanContext?.spanID } == [send.spanID])
        #expect(process.parentSpanID == (isBatch ? nil : send.spanID))
        #expect(store.parentSpanID == process.spanID)
        if !isBatch { #expect(Set(spans.values.map(\.traceID)).count == 1) }
    }

    @Test func anErrorEndsTheSpan() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("orders")
            let producing = kafka.producing { $0.cluster.tracer = DistributedTracer(self.tracer) }
            try await KafkaProducer.withProducer(producing) { producer in
                let invalid = ProducerRecord(
                    topic: "orders", value: "x", timestamp: Timestamp(millisecondsSince1970: -5))
                await #expect(throws: KafkaError.self) { try await producer.send(invalid) }
            }
        }
        let span = try #require(self.tracer.finishedSpans.first)
        #expect(span.status?.code == .error)
        #expect(span.attributes.get("error.type") == .string("invalidArgument"))
        #expect(span.errors.count == 1)
    }
}
#endif
