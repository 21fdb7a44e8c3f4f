// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension KafkaAdminClient {
    /// Moves replicas of partitions to other brokers, changes their number or order, or cancels this while it is in progress
    /// (KIP-455, Kafka 2.4).
    ///
    /// The brokers copy the records in the background; ``KafkaAdminClient/listPartitionReassignments(of:timeout:)`` tells when they are done.
    /// ``ReassignmentPlan`` spreads replicas evenly.
    ///
    /// - Parameters:
    ///   - partitions: What is to happen with the replicas of each partition.
    ///   - allowReplicationFactorChange: Whether the number of a partition's replicas may change. If false, such a change is
    ///     refused, which requires Kafka 4.1 (KIP-860). Default: true.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each partition: a success if the reassignment has begun or isn't necessary. The `brokerCode`
    ///   is `.invalidReplicaAssignment` for a broker that doesn't exist, and `.noReassignmentInProgress` if there is nothing
    ///   to cancel.
    public func alterPartitionReassignments(
        _ partitions: [TopicPartition: NewPartitionReassignment], allowReplicationFactorChange: Bool = true,
        timeout: Duration? = nil
    ) async -> [TopicPartition: Result<Void, KafkaError>] {
        let call = AlterPartitionReassignmentsCall(
            partitions: partitions, allowsReplicationFactorChange: allowReplicationFactorChange,
            timeout: self.brokerTimeout(timeout))
        return await self.perform(call, for: partitions.keys, timeout: timeout)
    }

    /// Returns the reassignments that are in progress (KIP-455, Kafka 2.4).
    ///
    /// - Parameters:
    ///   - partitions: The partitions to look at. Default: all.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: The partitions whose replicas are being moved. One that isn't in the result is done.
    /// - Throws: `.unsupportedVersion` with brokers below Kafka 2.4, and the errors of all calls.
    public func listPartitionReassignments(
        of partitions: [TopicPartition]? = nil, timeout: Duration? = nil
    ) async throws(KafkaError) -> [TopicPartition: PartitionReassignment] {
        if partitions?.isEmpty == true { return [:] }
        return try await self.perform(
            ListPartitionReassignmentsCall(partitions: partitions, timeout: self.brokerTimeout(timeout)),
            timeout: timeout)
    }

    /// Elects leaders of partitions (KIP-183, Kafka 2.2).
    ///
    /// - Parameters:
    ///   - election: How the leaders are elected. `.unclean` requires Kafka 2.4.
    ///   - partitions: The partitions.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each partition. The `brokerCode` is `.preferredLeaderNotAvailable` if the preferred replica is
    ///   not in sync, and `.eligibleLeadersNotAvailable` if no replica can lead.
    public func electLeaders(
        _ election: LeaderElection, of partitions: [TopicPartition], timeout: Duration? = nil
    ) async -> [TopicPartition: Result<LeaderElection.Outcome, KafkaError>] {
        let call = ElectLeadersCall(election: election, timeout: self.brokerTimeout(timeout))
        return await self.perform(call, for: partitions, timeout: timeout)
    }
}
