// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// One cluster of one broker for each version, for all tests that only want a Kafka to talk to: started when the first
/// of them asks, ended with the test process. Tests keep apart by the names of their topics and groups.
package actor SharedClusters {
    package static let all = SharedClusters()

    private var starting: [KafkaInstallation: Task<RealCluster, any Error>] = [:]

    package func cluster(_ installation: KafkaInstallation) async throws -> RealCluster {
        if let task = self.starting[installation] { return try await task.value }
        let task = Task { try await RealCluster.start(installation) }
        self.starting[installation] = task
        return try await task.value
    }
}
