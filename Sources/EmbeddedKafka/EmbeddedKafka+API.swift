// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension EmbeddedKafka {
    /// An API of the Kafka protocol.
    public struct API: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        /// The API key.
        public var rawValue: Int16

        /// Creates the API with this key.
        public init(rawValue: Int16) {
            self.rawValue = rawValue
        }

        init(_ key: APIKey) {
            self.init(rawValue: key.rawValue)
        }

        /// Writes record batches to partitions.
        public static let produce = API(.produce)
        /// Reads records from partitions.
        public static let fetch = API(.fetch)
        /// Looks up offsets: the earliest, the latest, or by timestamp.
        public static let listOffsets = API(.listOffsets)
        /// Returns brokers, topics, partitions and their leaders.
        public static let metadata = API(.metadata)
        /// Commits offsets of a group.
        public static let offsetCommit = API(.offsetCommit)
        /// Deletes committed offsets of a group.
        public static let offsetDelete = API(.offsetDelete)
        /// Returns committed offsets of groups.
        public static let offsetFetch = API(.offsetFetch)
        /// Returns the broker that coordinates a group or transactional ID.
        public static let findCoordinator = API(.findCoordinator)
        /// Joins a group of the classic protocol.
        public static let joinGroup = API(.joinGroup)
        /// Keeps a member of a classic group alive.
        public static let heartbeat = API(.heartbeat)
        /// Removes members from a classic group.
        public static let leaveGroup = API(.leaveGroup)
        /// Distributes the assignment of a classic group from its leader to its members.
        public static let syncGroup = API(.syncGroup)
        /// Joins, keeps alive and leaves a group of the consumer protocol (KIP-848).
        public static let consumerGroupHeartbeat = API(.consumerGroupHeartbeat)
        /// Describes groups of the consumer protocol.
        public static let consumerGroupDescribe = API(.consumerGroupDescribe)
        /// Describes classic groups.
        public static let describeGroups = API(.describeGroups)
        /// Lists the groups that a broker coordinates.
        public static let listGroups = API(.listGroups)
        /// Returns the APIs and versions that a broker supports.
        public static let apiVersions = API(.apiVersions)
        /// Creates topics.
        public static let createTopics = API(.createTopics)
        /// Deletes topics.
        public static let deleteTopics = API(.deleteTopics)
        /// Deletes the records of partitions before an offset.
        public static let deleteRecords = API(.deleteRecords)
        /// Assigns an ID to an idempotent or transactional producer.
        public static let initProducerId = API(.initProducerId)
        /// Returns the end of a leader epoch, by which a consumer detects truncation of what it has read.
        public static let offsetForLeaderEpoch = API(.offsetForLeaderEpoch)
        /// Describes ACLs.
        public static let describeAcls = API(.describeAcls)
        /// Creates ACLs.
        public static let createAcls = API(.createAcls)
        /// Deletes ACLs.
        public static let deleteAcls = API(.deleteAcls)
        /// Describes the settings of topics and brokers.
        public static let describeConfigs = API(.describeConfigs)
        /// Replaces the settings of topics and brokers.
        public static let alterConfigs = API(.alterConfigs)
        /// Changes single settings of topics and brokers.
        public static let incrementalAlterConfigs = API(.incrementalAlterConfigs)
        /// Lists the resources that have settings.
        public static let listConfigResources = API(.listConfigResources)
        /// Adds partitions to topics.
        public static let createPartitions = API(.createPartitions)
        /// Deletes groups.
        public static let deleteGroups = API(.deleteGroups)
        /// Chooses a SASL mechanism.
        public static let saslHandshake = API(.saslHandshake)
        /// Carries the messages of a SASL mechanism.
        public static let saslAuthenticate = API(.saslAuthenticate)
        /// Creates a delegation token.
        public static let createDelegationToken = API(.createDelegationToken)
        /// Extends the life of a delegation token.
        public static let renewDelegationToken = API(.renewDelegationToken)
        /// Expires a delegation token.
        public static let expireDelegationToken = API(.expireDelegationToken)
        /// Describes delegation tokens.
        public static let describeDelegationToken = API(.describeDelegationToken)
        /// Sets and removes quotas of clients.
        public static let alterClientQuotas = API(.alterClientQuotas)
        /// Describes quotas of clients.
        public static let describeClientQuotas = API(.describeClientQuotas)
        /// Sets and deletes SCRAM credentials of users.
        public static let alterUserScramCredentials = API(.alterUserScramCredentials)
        /// Describes which SCRAM credentials users have.
        public static let describeUserScramCredentials = API(.describeUserScramCredentials)
        /// Describes the log directories of a broker.
        public static let describeLogDirs = API(.describeLogDirs)
        /// Moves replicas between log directories.
        public static let alterReplicaLogDirs = API(.alterReplicaLogDirs)
        /// Elects leaders of partitions.
        public static let electLeaders = API(.electLeaders)
        /// Gives partitions other replicas.
        public static let alterPartitionReassignments = API(.alterPartitionReassignments)
        /// Lists the reassignments that are under way.
        public static let listPartitionReassignments = API(.listPartitionReassignments)
        /// Describes the brokers of the cluster.
        public static let describeCluster = API(.describeCluster)
        /// Describes topics and their partitions, a page at a time.
        public static let describeTopicPartitions = API(.describeTopicPartitions)
        /// Adds partitions to a transaction.
        public static let addPartitionsToTxn = API(.addPartitionsToTxn)
        /// Adds the offsets of a group to a transaction.
        public static let addOffsetsToTxn = API(.addOffsetsToTxn)
        /// Commits offsets of a group with a transaction.
        public static let txnOffsetCommit = API(.txnOffsetCommit)
        /// Commits or aborts a transaction.
        public static let endTxn = API(.endTxn)
        /// Writes the markers that end transactions.
        public static let writeTxnMarkers = API(.writeTxnMarkers)
        /// Describes transactional IDs.
        public static let describeTransactions = API(.describeTransactions)
        /// Lists the transactional IDs that a broker coordinates.
        public static let listTransactions = API(.listTransactions)
        /// Describes the producers of partitions.
        public static let describeProducers = API(.describeProducers)
        /// Returns which metrics the brokers want of a client.
        public static let getTelemetrySubscriptions = API(.getTelemetrySubscriptions)
        /// Takes the metrics of a client.
        public static let pushTelemetry = API(.pushTelemetry)

        /// Kafka's name of the API, or its key if this broker doesn't have it.
        public var description: String {
            Endpoints.all[APIKey(rawValue: self.rawValue)]?.name ?? "API \(self.rawValue)"
        }
    }
}
