// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation

extension KafkaClientConfiguration {
    /// The cluster that `BOOTSTRAP_SERVERS` names.
    static func fromEnvironment() -> KafkaClientConfiguration {
        let servers = ProcessInfo.processInfo.environment["BOOTSTRAP_SERVERS"] ?? "localhost:9092"
        return KafkaClientConfiguration(bootstrapServers: servers.split(separator: ",").map(String.init))
    }

    /// Makes sure that the cluster is there and has the topic: soon, while the work itself is patient with its brokers.
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
