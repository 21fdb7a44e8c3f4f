// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
public import KafkaProtocol

extension EmbeddedKafka {
    /// Which metrics the brokers want of clients, and how (KIP-714).
    public struct MetricsSubscription: Hashable, Sendable {
        /// How the names of the wanted metrics begin; an empty one stands for all. None stands for no metric. Default: all.
        public var prefixes = [""]
        /// The time between two pushes of a client (`interval.ms`). Default: 5 min.
        public var interval: Duration = .seconds(300)
        /// Whether clients push the increases of totals since their last push, as real brokers demand, rather than since they were
        /// created. Default: true.
        public var usesIncreases = true
        /// The codecs that the brokers accept, the preferred one first. Default: Kafka's.
        public var compressions: [CompressionCodec] = [.zstd, .lz4, .gzip, .snappy]
        /// The maximum size of a push in bytes, compressed (`telemetry.max.bytes`). Default: 1 MiB.
        public var maxBytes = 1 << 20

        /// Creates a subscription.
        ///
        /// - Parameters:
        ///   - prefixes: How the names of the wanted metrics begin. Default: an empty prefix, which stands for all.
        ///   - interval: The time between two pushes of a client. Default: 5 min.
        public init(prefixes: [String] = [""], interval: Duration = .seconds(300)) {
            self.prefixes = prefixes
            self.interval = interval
        }
    }

    /// The metrics that a client has pushed with one request.
    public struct PushedMetrics: Hashable, Sendable {
        /// The meaning of a value.
        @nonexhaustive
        public enum Kind: Hashable, Sendable {
            /// The value at the time of the push.
            case gauge
            /// The increase since the last push.
            case increase
            /// The total since the client was created.
            case total
        }

        /// A metric and its value.
        public struct Metric: Hashable, Sendable {
            /// The name, such as `org.apache.kafka.producer.record.send.total`.
            public var name: String
            /// The labels.
            public var labels: [String: String]
            /// The meaning of the value.
            public var kind: Kind
            /// The value.
            public var value: Double
        }

        /// The `client.id`.
        public var clientID: String
        /// The ID that a broker gave the client for its metrics.
        public var clientInstanceID: KafkaUUID
        /// What the client says of itself, such as its group (`group_id`).
        public var client: [String: String]
        /// Whether it is the last push of a client that closes.
        public var isLast: Bool
        /// The compression of the push.
        public var compression: CompressionCodec
        /// The metrics in the client's order.
        public var metrics: [Metric]

        /// Returns the value of the first metric with this name, or nil if there is none.
        public func value(of name: String) -> Double? { self.metrics.first { $0.name == name }?.value }
    }

    /// Returns what clients have pushed of their metrics, in order. The oldest pushes beyond `requestLogCapacity` are removed.
    ///
    /// - Throws: ``EmbeddedKafkaError`` if the cluster has been stopped.
    public func pushedMetrics() async throws(EmbeddedKafkaError) -> [PushedMetrics] {
        try await self.onLoop { $0.metrics.pushes }
    }

    /// Waits until clients have pushed what `isEnough` asks for, and returns all pushes.
    ///
    /// - Parameters:
    ///   - timeout: The time after which the wait fails. Default: 10 s.
    ///   - isEnough: A condition of all pushes until now.
    /// - Throws: ``EmbeddedKafkaError`` after the timeout, if the task is cancelled, and if the cluster has been stopped.
    @discardableResult
    public func waitForMetrics(
        timeout: Duration = .seconds(10), until isEnough: @escaping @Sendable ([PushedMetrics]) -> Bool
    ) async throws(EmbeddedKafkaError) -> [PushedMetrics] {
        try await self.wait(timeout: timeout) { cluster in
            let pushes = cluster.metrics.pushes
            return isEnough(pushes) ? pushes : nil
        } otherwise: { cluster in
            "clients have pushed metrics \(cluster.metrics.pushes.count) times, which isn't enough"
        }
    }
}
