// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Spans around the processing of records.
extension KafkaConsumer {
    /// Runs `body`, which processes a record, in a span that is linked to the one of its sender. Without
    /// `KafkaClientConfiguration.tracer` it only runs `body`.
    ///
    /// ```swift
    /// for try await record in consumer.records {
    ///     try await consumer.withSpan(processing: record) { try await handle(record) }
    /// }
    /// ```
    ///
    /// - Throws: The error of `body`, with which the span ends.
    public func withSpan<Result>(
        processing record: ConsumerRecord, _ body: () async throws -> Result
    ) async rethrows -> Result {
        let configuration = self.core.configuration
        return try await self.run(body) {
            KafkaOperation(
                processing: record, clientID: configuration.cluster.clientID, group: configuration.groupID)
        }
    }

    /// Runs `body`, which processes a batch, in a span that is linked to those of the senders of its records. Without
    /// `KafkaClientConfiguration.tracer` it only runs `body`.
    ///
    /// - Throws: The error of `body`, with which the span ends.
    public func withSpan<Result>(
        processing batch: ConsumerRecordBatch, _ body: () async throws -> Result
    ) async rethrows -> Result {
        let configuration = self.core.configuration
        return try await self.run(body) {
            KafkaOperation(
                processing: batch, clientID: configuration.cluster.clientID, group: configuration.groupID)
        }
    }

    /// Runs `body` in the span of an operation, which is only made if there is a tracer.
    private func run<Result>(
        _ body: () async throws -> Result, in operation: () -> KafkaOperation
    ) async rethrows -> Result {
        guard let tracer = self.core.configuration.cluster.tracer else { return try await body() }
        let span = tracer.begin(operation())
        do {
            let result = try await span.withCurrent(body)
            span.end([], error: nil)
            return result
        } catch {
            span.end([], error: error)
            throw error
        }
    }
}

extension KafkaOperation {
    /// The most links of a span. SDKs of OpenTelemetry drop those beyond this number by default.
    private static let maxSources = 128

    /// A record that is processed.
    fileprivate init(processing record: ConsumerRecord, clientID: String, group: String?) {
        var attributes = Self.attributes(of: .process, topic: record.topic, clientID: clientID)
        if let group { attributes.append(Attribute("messaging.consumer.group.name", .string(group))) }
        attributes += [.partition(record.partition), .offset(record.offset)]
        attributes += Self.attributes(key: record.key, isTombstone: record.value == nil)
        self.init(kind: .process, topic: record.topic, attributes: attributes, sources: [record.headers])
    }

    /// A batch that is processed.
    fileprivate init(processing batch: ConsumerRecordBatch, clientID: String, group: String?) {
        let partition = batch.topicPartition
        var attributes = Self.attributes(of: .process, topic: partition.topic, clientID: clientID)
        if let group { attributes.append(Attribute("messaging.consumer.group.name", .string(group))) }
        attributes += [
            .partition(partition.partition), Attribute("messaging.batch.message_count", .int(Int64(batch.count))),
        ]
        let sources = batch.prefix(Self.maxSources).map(\.headers).filter { !$0.isEmpty }
        self.init(kind: .process, topic: partition.topic, attributes: attributes, sources: sources, isBatch: true)
    }
}
