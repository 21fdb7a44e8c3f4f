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

    private struct Key: Hashable {
        var installation: KafkaInstallation
        var isSecured: Bool
    }

    private var starting: [Key: Task<RealCluster, any Error>] = [:]

    /// - Parameter isSecured: whether it has listeners for TLS and SASL too.
    package func cluster(_ installation: KafkaInstallation, isSecured: Bool = false) async throws -> RealCluster {
        let key = Key(installation: installation, isSecured: isSecured)
        if let task = self.starting[key] { return try await task.value }
        let task = Task { try await RealCluster.start(installation, isSecured: isSecured) }
        self.starting[key] = task
        do {
            return try await task.value
        } catch {
            // It fails this test, and not all that follow.
            if self.starting[key] == task { self.starting[key] = nil }
            throw error
        }
    }
}
