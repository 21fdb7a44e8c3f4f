// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// One single-broker cluster for each version, shared by all tests that need no cluster of their own. It starts when
/// the first test requests it and ends with the test process. Tests use distinct names for topics and groups.
package actor SharedClusters {
    package static let all = SharedClusters()

    private struct Key: Hashable {
        var installation: KafkaInstallation
        var isSecured: Bool
    }

    private var starting: [Key: Task<RealCluster, any Error>] = [:]

    /// Returns the shared cluster of a version, and starts it if necessary.
    ///
    /// - Parameter isSecured: Whether it also has listeners with TLS and SASL.
    package func cluster(_ installation: KafkaInstallation, isSecured: Bool = false) async throws -> RealCluster {
        let key = Key(installation: installation, isSecured: isSecured)
        if let task = self.starting[key] { return try await task.value }
        let task = Task { try await RealCluster.start(installation, isSecured: isSecured) }
        self.starting[key] = task
        do {
            return try await task.value
        } catch {
            // Only this test fails; the next one tries again.
            if self.starting[key] == task { self.starting[key] = nil }
            throw error
        }
    }
}
