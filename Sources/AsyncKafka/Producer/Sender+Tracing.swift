// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension Sender {
    /// The tracer of the client. With one, records take the way of those that wait.
    var tracer: (any KafkaTracer)? { self.configuration.cluster.tracer }

    /// Runs `accept`, which puts a record into the buffer, with a span around it if there is a tracer.
    func tracingCreation(
        of record: ProducerRecord, _ accept: (ProducerRecord) async throws(KafkaError) -> Delivery
    ) async throws(KafkaError) -> Delivery {
        guard let tracer = self.tracer else { return try await accept(record) }
        let (span, record) = self.begin(.create, record, tracer)
        do throws(KafkaError) {
            let delivery = try await accept(record)
            span.end([.partition(delivery.topicPartition.partition)], error: nil)
            return delivery
        } catch {
            span.end([], error: error)
            throw error
        }
    }

    /// Runs `accept`, which puts a record into the buffer if that is possible without waiting, with a span around it.
    func tracingAttempt(
        at record: ProducerRecord, _ tracer: any KafkaTracer, _ accept: (ProducerRecord) throws(KafkaError) -> Delivery
    ) throws(KafkaError) -> Delivery {
        let (span, record) = self.begin(.create, record, tracer)
        do throws(KafkaError) {
            let delivery = try accept(record)
            span.end([.partition(delivery.topicPartition.partition)], error: nil)
            return delivery
        } catch {
            span.end([], error: error)
            throw error
        }
    }

    /// Runs `send` with a span around it, which ends when the record is acknowledged.
    func tracingSend(
        of record: ProducerRecord, _ tracer: any KafkaTracer,
        _ send: (ProducerRecord) async throws(KafkaError) -> RecordMetadata
    ) async throws(KafkaError) -> RecordMetadata {
        let (span, record) = self.begin(.send, record, tracer)
        do throws(KafkaError) {
            let stored = try await send(record)
            let offset = stored.offset.map { [KafkaOperation.Attribute.offset($0)] } ?? []
            span.end([.partition(stored.topicPartition.partition)] + offset, error: nil)
            return stored
        } catch {
            span.end([], error: error)
            throw error
        }
    }

    /// The headers of W3C Trace Context. A record that is passed on has those of another span.
    private static let contextKeys: Set<String> = ["traceparent", "tracestate"]

    /// Begins a span, and adds its context to the record.
    private func begin(
        _ kind: KafkaOperation.Kind, _ record: ProducerRecord, _ tracer: any KafkaTracer
    ) -> (any KafkaSpan, ProducerRecord) {
        let span = tracer.begin(KafkaOperation(kind, record, clientID: self.configuration.cluster.clientID))
        var record = record
        let headers = span.headers
        if !headers.isEmpty {
            record.headers.removeAll { header in
                Self.contextKeys.contains(header.key) || headers.contains { $0.key == header.key }
            }
        }
        record.headers += headers
        return (span, record)
    }
}
