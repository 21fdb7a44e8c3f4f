// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import Foundation
import KafkaMemory
import KafkaProtocol
import KafkaTestSupport

@testable import AsyncKafka

/// The duration of a run under stress in seconds, and the seeds of the runs.
let stressSeconds = Double(ProcessInfo.processInfo.environment["STRESS_SECONDS"] ?? "") ?? 1.5
let stressSeeds = (ProcessInfo.processInfo.environment["STRESS_SEEDS"] ?? "1").split(separator: ",").compactMap {
    UInt64($0)
}

/// What a producer was told of its transactions.
final class TransactionLedger: Sendable {
    enum Fate: Hashable { case committed, aborted, unknown }

    struct State {
        /// By the names of transactions.
        var fates: [String: Fate] = [:]
        /// The number of their records.
        var sizes: [String: Int] = [:]
        /// What took too long.
        var complaints: [String] = []
    }

    let state = Lock(State())

    func note(_ name: String, _ fate: Fate, size: Int) {
        self.state.withLock {
            $0.fates[name] = fate
            $0.sizes[name] = size
        }
    }

    func complain(_ text: String) { self.state.withLock { $0.complaints.append(text) } }
}

extension EmbeddedKafka.Configuration {
    /// Three brokers, on which everything takes less time than usual.
    static func stress(_ version: Int, markerDelay: Duration = .zero) -> EmbeddedKafka.Configuration {
        var configuration = EmbeddedKafka.Configuration(brokers: 3)
        configuration.transactionVersion = version
        configuration.transactionMarkerDelay = markerDelay
        configuration.sessionTimeouts = .milliseconds(100) ... .seconds(60)
        configuration.consumerSessionTimeout = .milliseconds(600)
        configuration.consumerHeartbeatInterval = .milliseconds(50)
        return configuration
    }
}

extension EmbeddedKafka {
    /// The values of a partition that those who read committed get.
    func committedValues(_ partition: TopicPartition) async throws -> [String] {
        var configuration = self.consuming()
        configuration.isolationLevel = .readCommitted
        return try await KafkaConsumer.withConsumer(configuration, assigned: [partition]) { consumer in
            var values: [String] = []
            let end = try await self.offsets(of: partition.topic, partition: Int(partition.partition)).upperBound
            while try await consumer.position(of: partition) < end {
                for record in try await consumer.poll(timeout: .milliseconds(100)) {
                    values.append(record.value.map { String(decoding: $0, as: UTF8.self) } ?? "")
                }
            }
            return values
        }
    }

    /// A producer that gives up soon, perhaps with little room.
    func producing(isTight: Bool) -> ProducerConfiguration {
        self.producing {
            $0.cluster.requestTimeout = .milliseconds(700)
            $0.maxBlock = .seconds(4)
            $0.deliveryTimeout = .seconds(4)
            $0.closeTimeout = .seconds(3)
            if isTight {
                $0.bufferMemory = 4 << 10
                $0.batchSize = 1 << 10
                $0.maxRequestSize = 2 << 10
            }
        }
    }
}
