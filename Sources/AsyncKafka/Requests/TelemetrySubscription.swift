// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// What a broker wants of the client's metrics (KIP-714).
struct TelemetrySubscription: Hashable, Sendable {
    /// The interval of Kafka's brokers, unless an administrator sets another one.
    static let usualInterval = Duration.seconds(300)
    /// The shortest interval that an administrator can set.
    static let shortestInterval = Duration.milliseconds(100)

    /// The client's ID for telemetry, which the broker has created or confirmed; zero if it has done neither.
    var clientInstanceID: KafkaUUID
    /// The version of the subscription, which each push repeats.
    var id: Int32
    /// The codecs that the broker accepts, the preferred one first.
    var compressions: [CompressionCodec]
    /// The time between two pushes.
    var interval: Duration
    /// The maximum size of a push in bytes, compressed.
    var maxBytes: Int
    /// Whether totals are pushed as increases since the last push, rather than since the client was created.
    var isDelta: Bool
    /// How the names of the wanted metrics begin. An empty one stands for all metrics.
    var prefixes: [String]

    func wants(_ metric: String) -> Bool {
        self.prefixes.contains { metric.utf8.starts(with: $0.utf8) }
    }

    /// The first codec that both sides have.
    var compression: CompressionCodec {
        self.compressions.first { $0 == .none || (try? $0.algorithm()) != nil } ?? .none
    }
}
