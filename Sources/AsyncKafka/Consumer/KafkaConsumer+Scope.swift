// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension KafkaConsumer {
    /// Runs a consumer of these topics for the time of a closure.
    ///
    /// When the closure returns or throws, the partitions are given up as `run()` describes: on the calling task if no
    /// sequence has done it. When the task is cancelled, so is the closure, and the same is done.
    ///
    /// ```swift
    /// try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["orders"]) { consumer in
    ///     for try await record in consumer.records { print(record) }
    /// }
    /// ```
    public static func withConsumer<Result>(
        _ configuration: ConsumerConfiguration, subscribedTo topics: [String],
        listener: (any ConsumerRebalanceListener)? = nil, _ body: (KafkaConsumer) async throws -> Result
    ) async throws -> Result {
        try await self.withConsumer(configuration, listener, body) { consumer throws(KafkaError) in
            try consumer.subscribe(to: topics)
        }
    }

    /// Runs a consumer of all topics whose names match for the time of a closure.
    public static func withConsumer<Result>(
        _ configuration: ConsumerConfiguration, subscribedTo pattern: TopicPattern,
        listener: (any ConsumerRebalanceListener)? = nil, _ body: (KafkaConsumer) async throws -> Result
    ) async throws -> Result {
        try await self.withConsumer(configuration, listener, body) { consumer throws(KafkaError) in
            try consumer.subscribe(toTopicsMatching: pattern)
        }
    }

    /// Runs a consumer of exactly these partitions for the time of a closure.
    public static func withConsumer<Result>(
        _ configuration: ConsumerConfiguration, assigned partitions: [TopicPartition],
        _ body: (KafkaConsumer) async throws -> Result
    ) async throws -> Result {
        try await self.withConsumer(configuration, nil, body) { consumer throws(KafkaError) in
            try consumer.assign(partitions)
        }
    }

    private static func withConsumer<Result>(
        _ configuration: ConsumerConfiguration, _ listener: (any ConsumerRebalanceListener)?,
        _ body: (KafkaConsumer) async throws -> Result, subscribe: (KafkaConsumer) throws(KafkaError) -> Void
    ) async throws -> Result {
        let consumer = try KafkaConsumer(configuration, listener: listener)
        try subscribe(consumer)
        return try await withBackgroundRun({ try await consumer.run() }, end: consumer.life.endWithoutReader) {
            try await body(consumer)
        }
    }
}
