// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension KafkaConsumer {
    /// Runs a consumer that is subscribed to topics while a closure runs.
    ///
    /// When the closure returns or throws, the partitions are given up as ``KafkaConsumer/run()`` describes, on the calling task if no
    /// sequence has done so. Cancelling the task cancels the closure and has the same effect.
    ///
    /// ```swift
    /// try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["orders"]) { consumer in
    ///     for try await record in consumer.records { print(record) }
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - configuration: the cluster, the group and the other settings.
    ///   - topics: the topics, at least one.
    ///   - listener: receives callbacks when partitions are assigned or taken away. Default: nil.
    ///   - body: uses the consumer. Its result is returned.
    /// - Throws: the closure's error; `.invalidConfiguration`, or the errors of ``KafkaConsumer/subscribe(to:)``, before the closure
    ///   runs; `.listenerFailed` if the closure returns and the last callback throws.
    public static func withConsumer<Result>(
        _ configuration: ConsumerConfiguration, subscribedTo topics: [String],
        listener: (any ConsumerRebalanceListener)? = nil, _ body: (KafkaConsumer) async throws -> Result
    ) async throws -> Result {
        try await self.withConsumer(configuration, listener, body) { consumer throws(KafkaError) in
            try consumer.subscribe(to: topics)
        }
    }

    /// Runs a consumer that is subscribed to all topics whose names match a pattern while a closure runs.
    ///
    /// - Parameters:
    ///   - configuration: the cluster, the group and the other settings.
    ///   - pattern: the pattern of the topics' names.
    ///   - listener: receives callbacks when partitions are assigned or taken away. Default: nil.
    ///   - body: uses the consumer. Its result is returned.
    /// - Throws: the closure's error; `.invalidConfiguration`, or the errors of ``KafkaConsumer/subscribe(toTopicsMatching:)``, before
    ///   the closure runs; `.listenerFailed` if the closure returns and the last callback throws.
    public static func withConsumer<Result>(
        _ configuration: ConsumerConfiguration, subscribedTo pattern: TopicPattern,
        listener: (any ConsumerRebalanceListener)? = nil, _ body: (KafkaConsumer) async throws -> Result
    ) async throws -> Result {
        try await self.withConsumer(configuration, listener, body) { consumer throws(KafkaError) in
            try consumer.subscribe(toTopicsMatching: pattern)
        }
    }

    /// Runs a consumer of exactly these partitions while a closure runs.
    ///
    /// - Parameters:
    ///   - configuration: the cluster and the other settings.
    ///   - partitions: the partitions to read.
    ///   - body: uses the consumer. Its result is returned.
    /// - Throws: the closure's error; `.invalidConfiguration`, or the errors of ``KafkaConsumer/assign(_:)``, before the closure runs.
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
