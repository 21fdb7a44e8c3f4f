// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0
// Snippets of the section on tracing.

import AsyncKafka

// snippet: own-tracer
/// Prints how long records took, and passes the number of their span on.
struct PrintedSpans: KafkaTracer {
    func begin(_ operation: KafkaOperation) -> any KafkaSpan { PrintedSpan(operation: operation) }
}

struct PrintedSpan: KafkaSpan {
    let operation: KafkaOperation
    let number = UInt64.random(in: .min ... .max)
    let begun = ContinuousClock.now

    var headers: [RecordHeader] { [RecordHeader("span", "\(self.number)")] }

    func end(_ attributes: [KafkaOperation.Attribute], error: (any Error)?) {
        let sources = self.operation.sources.compactMap { $0["span"] }
        print("\(self.operation.name) \(self.number), after \(sources): \(.now - self.begun)", error ?? "")
    }

    func withCurrent<Result>(_ body: () async throws -> Result) async rethrows -> Result { try await body() }
}
// snippet end

func traced(
    _ cluster: KafkaClientConfiguration, _ consumer: KafkaConsumer, _ handle: (ConsumerRecord) async throws -> Void
) async throws {
    // snippet: traced
    var cluster = cluster
    cluster.tracer = PrintedSpans()
    // snippet end
    _ = cluster

    // snippet: traced-processing
    for try await record in consumer.records {
        try await consumer.withSpan(processing: record) { try await handle(record) }
    }
    // snippet end
}
