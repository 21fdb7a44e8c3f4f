// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import KafkaProtocol

/// Traces records on their way through producers and consumers, with spans that the tracing system of your service records.
///
/// Set `KafkaClientConfiguration.tracer`. Names and attributes follow OpenTelemetry's conventions for messaging. With the trait
/// `DistributedTracing`, `DistributedTracer` is a tracer on swift-distributed-tracing.
///
/// ```swift
/// struct PrintedSpans: KafkaTracer {
///     func begin(_ operation: KafkaOperation) -> any KafkaSpan { PrintedSpan(operation: operation) }
/// }
/// ```
public protocol KafkaTracer: Sendable {
    /// Begins the span of an operation. Called by the task that performs it, so the parent is the task's current span.
    ///
    /// It must return quickly and must not block. `KafkaSpan.end(_:error:)` follows exactly once.
    func begin(_ operation: KafkaOperation) -> any KafkaSpan
}

/// A span that a `KafkaTracer` has begun.
public protocol KafkaSpan: Sendable {
    /// The headers that carry the span's context to those who read the record, such as `traceparent` of W3C Trace Context. They are
    /// added to the record, in the place of headers with the same keys.
    var headers: [RecordHeader] { get }

    /// Ends the span.
    ///
    /// - Parameters:
    ///   - attributes: What was learned since the span began: the partition and the offset of a record that was sent.
    ///   - error: Why the operation failed. Nil if it succeeded.
    func end(_ attributes: [KafkaOperation.Attribute], error: (any Error)?)

    /// Runs `body` with this span as the current one of the task.
    func withCurrent<Result>(_ body: () async throws -> Result) async rethrows -> Result
}

/// What a span is about.
public struct KafkaOperation: Sendable {
    /// The kinds of operations, by OpenTelemetry's names. Cases will be added, so a `switch` needs `@unknown default`.
    @nonexhaustive
    public enum Kind: String, Sendable {
        /// A record is put into a producer's buffer (`enqueue`, `tryEnqueue`, and `send` with several records). The span ends when
        /// the record is accepted, or is refused: `tryEnqueue` throws for ordinary reasons, such as a full buffer.
        case create
        /// A record is sent (`send`). The span ends when the record is acknowledged.
        case send
        /// Records are processed (`KafkaConsumer.withSpan(processing:_:)`, `KafkaTransactionalProducer.process`).
        case process
    }

    /// A property of a span.
    public struct Attribute: Hashable, Sendable {
        /// The value of an attribute. Cases will be added, so a `switch` needs `@unknown default`.
        @nonexhaustive
        public enum Value: Hashable, Sendable {
            /// A text.
            case string(String)
            /// A number.
            case int(Int64)
            /// True or false.
            case bool(Bool)
        }

        /// OpenTelemetry's name of the attribute, such as `messaging.destination.name`.
        public let key: String
        /// The value.
        public let value: Value

        /// Creates an attribute.
        public init(_ key: String, _ value: Value) {
            self.key = key
            self.value = value
        }
    }

    /// The kind of the operation.
    public let kind: Kind
    /// The topic of the records.
    public let topic: String
    /// What is known of the operation when it begins.
    public let attributes: [Attribute]
    /// The headers of the records that are processed, which may carry the context of the span that has created each. Of a batch, those
    /// of the first 128 records. Empty for other operations.
    public let sources: [[RecordHeader]]
    /// Whether a batch is processed, not a single record.
    public let isBatch: Bool

    /// The name of the span, such as `send orders`.
    public var name: String { "\(self.kind.rawValue) \(self.topic)" }

    /// Creates an operation, for tests of a tracer.
    public init(
        kind: Kind, topic: String, attributes: [Attribute], sources: [[RecordHeader]] = [], isBatch: Bool = false
    ) {
        self.kind = kind
        self.topic = topic
        self.attributes = attributes
        self.sources = sources
        self.isBatch = isBatch
    }
}
