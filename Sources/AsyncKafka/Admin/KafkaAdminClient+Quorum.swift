// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension KafkaAdminClient {
    /// Describes the quorum of controllers (KIP-836, Kafka 3.3 with KRaft).
    ///
    /// - Parameter timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: The quorum as its leader knows it.
    /// - Throws: `.unsupportedVersion` with brokers below Kafka 3.3 or with ZooKeeper, and the errors of all calls.
    public func describeMetadataQuorum(timeout: Duration? = nil) async throws(KafkaError) -> QuorumDescription {
        try await self.perform(DescribeQuorumCall(), timeout: timeout)
    }

    /// Adds a voter to the quorum of controllers (KIP-853, Kafka 3.9).
    ///
    /// The controller must be running as an observer of the quorum. This requires `kraft.version` 1, which a quorum has whose
    /// voters aren't configured (`controller.quorum.bootstrap.servers`).
    ///
    /// - Parameters:
    ///   - id: The controller's node id.
    ///   - directoryID: The id of its metadata directory, as in ``KafkaAdminClient/describeMetadataQuorum(timeout:)``.
    ///   - endpoints: Its listeners for other controllers.
    ///   - clusterID: The id of the cluster, so that the request is refused by any other. Default: it isn't checked.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Throws: The `brokerCode` is `.duplicateVoter` if it is a voter already, and `.unsupportedVersion` if the voters are
    ///   configured. If `isOutcomeUnknown` is true, it may have been added.
    public func addRaftVoter(
        _ id: Int32, directoryID: KafkaUUID, endpoints: [RaftVoterEndpoint], clusterID: String? = nil,
        timeout: Duration? = nil
    ) async throws(KafkaError) {
        var request = AddRaftVoterRequest()
        request.clusterId = clusterID
        request.timeoutMs = self.brokerTimeout(timeout).wholeMilliseconds
        request.voterId = id
        request.voterDirectoryId = directoryID
        request.listeners = endpoints.map { endpoint in
            var listener = AddRaftVoterRequest.Listener()
            listener.name = endpoint.listener
            listener.host = endpoint.host
            listener.port = endpoint.port
            return listener
        }
        try await self.perform(AddRaftVoterCall(body: request), timeout: timeout)
    }

    /// Removes a voter from the quorum of controllers (KIP-853, Kafka 3.9). It requires `kraft.version` 1.
    ///
    /// - Parameters:
    ///   - id: The controller's node id.
    ///   - directoryID: The id of its metadata directory, as in ``KafkaAdminClient/describeMetadataQuorum(timeout:)``.
    ///   - clusterID: The id of the cluster, so that the request is refused by any other. Default: it isn't checked.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Throws: The `brokerCode` is `.voterNotFound` if there is no such voter. If `isOutcomeUnknown` is true, it may have
    ///   been removed.
    public func removeRaftVoter(
        _ id: Int32, directoryID: KafkaUUID, clusterID: String? = nil, timeout: Duration? = nil
    ) async throws(KafkaError) {
        var request = RemoveRaftVoterRequest()
        request.clusterId = clusterID
        request.voterId = id
        request.voterDirectoryId = directoryID
        try await self.perform(RemoveRaftVoterCall(body: request), timeout: timeout)
    }

    /// Removes the registration of a broker that is down and won't come back (KRaft, Kafka 2.8).
    ///
    /// Its partitions must have been reassigned before: they would keep a replica that doesn't exist.
    ///
    /// - Parameters:
    ///   - id: The broker's id.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Throws: The `brokerCode` is `.brokerIdNotRegistered` if there is no such broker. If `isOutcomeUnknown` is true, it may
    ///   have been unregistered.
    public func unregisterBroker(_ id: Int32, timeout: Duration? = nil) async throws(KafkaError) {
        try await self.perform(UnregisterBrokerCall(broker: id), timeout: timeout)
    }
}
