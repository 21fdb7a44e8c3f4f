// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTestSupport
import Testing

/// Starts three brokers of the newest Kafka for the duration of a suite.
struct ThreeBrokers: SuiteTrait, TestScoping {
    @TaskLocal private static var cluster: RealCluster?

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        guard let newest = RealKafka.newest else { return try await function() }
        try await RealCluster.withCluster(newest, brokers: 3) { cluster in
            try await Self.$cluster.withValue(cluster) { try await function() }
        }
    }

    /// Returns the suite's cluster with all brokers running, in whatever state the previous test has left it.
    static func ready() async throws -> RealCluster {
        let cluster = try #require(Self.cluster)
        for broker in cluster.brokerIDs where await !cluster.runningIDs.contains(broker) {
            try await cluster.restart(broker)
        }
        return cluster
    }
}

extension Trait where Self == ThreeBrokers {
    /// Three brokers of the newest Kafka, which the suite's tests get from `ThreeBrokers.ready`.
    static var threeBrokers: Self { ThreeBrokers() }
}
