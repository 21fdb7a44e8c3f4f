// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension KafkaAdminClient {
    /// Describes the log directories of brokers, with their replicas and sizes (KIP-113).
    ///
    /// - Parameters:
    ///   - brokers: The ids of the brokers. `describeCluster()` has all of them.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: The directories of each broker, or its error. It is `.authorizationFailed` if the client may not
    ///   `DESCRIBE` the cluster. A broker that can't be reached is waited for until the timeout. A directory whose disk has
    ///   failed is in the result and has an error of its own.
    public func describeLogDirs(
        ofBrokers brokers: [Int32], timeout: Duration? = nil
    ) async -> [Int32: Result<[LogDirDescription], KafkaError>] {
        await self.perform(DescribeLogDirsCall(), for: brokers, timeout: timeout)
    }

    /// Moves replicas to other log directories of their brokers (KIP-113).
    ///
    /// The brokers copy the logs in the background. Until that is done, ``KafkaAdminClient/describeLogDirs(ofBrokers:timeout:)`` has a replica in
    /// both directories.
    ///
    /// - Parameters:
    ///   - moves: The path of the directory for each replica.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each replica: a success if its move has begun, or if it is in the directory already. The
    ///   `brokerCode` is `.logDirNotFound` for a directory that the broker doesn't have, and `.replicaNotAvailable` if the
    ///   broker has no replica of the partition; it would create one in this directory.
    public func alterReplicaLogDirs(
        _ moves: [TopicPartitionReplica: String], timeout: Duration? = nil
    ) async -> [TopicPartitionReplica: Result<Void, KafkaError>] {
        await self.perform(AlterReplicaLogDirsCall(paths: moves), for: moves.keys, timeout: timeout)
    }
}
