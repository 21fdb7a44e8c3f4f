// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if DistributedTracing
import Instrumentation
import KafkaMemory
import KafkaProtocol
import ServiceContextModule
public import Tracing

/// Traces with swift-distributed-tracing (trait `DistributedTracing`).
///
/// ```swift
/// configuration.tracer = DistributedTracer()
/// ```
///
/// The process's tracer (`InstrumentationSystem`) decides how a context is written into the headers of a record: as `traceparent`
/// and `tracestate`, for example. The span of what is processed has links to those of the senders. That of a single record is
/// their child, so that it continues the sender's trace, unless the task has a context already. `ServiceContext.current` is the span's while `KafkaConsumer.withSpan(processing:_:)` runs its closure.
public struct DistributedTracer: KafkaTracer {
    private let chosen: (any Tracer)?

    /// Creates a tracer.
    ///
    /// - Parameter tracer: The tracer to use. Default: the process's, as it is bootstrapped when a span begins. Before that, nothing
    ///   is traced.
    public init(_ tracer: (any Tracer)? = nil) {
        self.chosen = tracer
    }

    /// Begins a span of the kind `producer` or `consumer`.
    public func begin(_ operation: KafkaOperation) -> any KafkaSpan {
        let tracer = self.chosen ?? InstrumentationSystem.tracer
        var parent = ServiceContext.current ?? .topLevel
        if ServiceContext.current == nil, !operation.isBatch, let source = operation.sources.first {
            tracer.extract(source, into: &parent, using: Headers())
        }
        let kind: SpanKind = operation.kind == .process ? .consumer : .producer
        let span: any Span = tracer.startSpan(operation.name, context: parent, ofKind: kind)
        for source in operation.sources {
            var context = ServiceContext.topLevel
            tracer.extract(source, into: &context, using: Headers())
            if !context.isEmpty { span.addLink(SpanLink(context: context, attributes: [:])) }
        }
        var headers: [RecordHeader] = []
        tracer.inject(span.context, into: &headers, using: Headers())
        let begun = Begun(span: span, headers: headers)
        begun.add(operation.attributes)
        return begun
    }
}

private struct Begun: KafkaSpan {
    let span: any Span
    let headers: [RecordHeader]

    func add(_ attributes: [KafkaOperation.Attribute]) {
        self.span.updateAttributes { all in
            for attribute in attributes {
                switch attribute.value {
                case .string(let text): all[attribute.key] = text
                case .int(let number): all[attribute.key] = number
                case .bool(let flag): all[attribute.key] = flag
                @unknown default: break
                }
            }
        }
    }

    func end(_ attributes: [KafkaOperation.Attribute], error: (any Error)?) {
        self.add(attributes)
        if let error {
            self.span.recordError(error)
            self.span.setStatus(SpanStatus(code: .error))
            self.span.attributes["error.type"] =
                (error as? KafkaError).map { "\($0.code)" } ?? String(reflecting: type(of: error))
        }
        self.span.end()
    }

    func withCurrent<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        try await ServiceContext.withValue(self.span.context, operation: body)
    }
}

/// Reads and writes contexts in the headers of a record.
private struct Headers: Injector, Extractor {
    func inject(_ value: String, forKey key: String, into headers: inout [RecordHeader]) {
        headers.append(RecordHeader(key, Bytes(value)))
    }

    func extract(key: String, from headers: [RecordHeader]) -> String? {
        headers.last { $0.key == key }?.value.map { String(decoding: $0, as: UTF8.self) }
    }
}
#endif
