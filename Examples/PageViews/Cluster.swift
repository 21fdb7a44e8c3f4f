// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation

extension KafkaClientConfiguration {
    /// Returns the configuration for the cluster in `BOOTSTRAP_SERVERS`.
    static func fromEnvironment() -> KafkaClientConfiguration {
        let servers = ProcessInfo.processInfo.environment["BOOTSTRAP_SERVERS"] ?? "localhost:9092"
        return KafkaClientConfiguration(bootstrapServers: servers.split(separator: ",").map(String.init))
    }

    /// Checks within ten seconds that the cluster is reachable and has the topic. The work itself waits longer for
    /// brokers.
    func require(_ topic: String) async throws {
        var configuration = ProducerConfiguration(self)
        configuration.cluster.log = StandardErrorLog(minimum: .error)
        configuration.enableIdempotence = false
        configuration.maxBlock = .seconds(10)
        do {
            _ = try await KafkaProducer.withProducer(configuration) { try await $0.partitions(of: topic) }
        } catch let error as KafkaError where error.code != .invalidConfiguration {
            let servers = self.bootstrapServers.joined(separator: ",")
            throw Failure(
                "Can't find the topic \(topic) on Kafka at \(servers) (see BOOTSTRAP_SERVERS): \(error.message)")
        }
    }
}
