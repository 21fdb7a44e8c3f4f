// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension EmbeddedKafka {
    /// One of the APIs of Kafka's protocol, by the name that Kafka gives it.
    public struct API: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        /// Kafka's API key.
        public var rawValue: Int16

        /// The API with this key.
        public init(rawValue: Int16) {
            self.rawValue = rawValue
        }

        init(_ key: APIKey) {
            self.init(rawValue: key.rawValue)
        }

        /// Sends record batches to a partition's leader.
        public static let produce = API(.produce)
        /// Reads record batches.
        public static let fetch = API(.fetch)
        /// Finds offsets: the earliest, the latest, or by timestamp.
        public static let listOffsets = API(.listOffsets)
        /// Brokers, topics, partitions and their leaders.
        public static let metadata = API(.metadata)
        /// Commits a group's offsets.
        public static let offsetCommit = API(.offsetCommit)
        /// Reads a group's committed offsets.
        public static let offsetFetch = API(.offsetFetch)
        /// Finds the broker that coordinates a group or a transactional id.
        public static let findCoordinator = API(.findCoordinator)
        /// Joins a classic group.
        public static let joinGroup = API(.joinGroup)
        /// Tells a classic group's coordinator that a member is alive.
        public static let heartbeat = API(.heartbeat)
        /// Leaves a classic group.
        public static let leaveGroup = API(.leaveGroup)
        /// Brings a classic group's assignment from its leader to its members.
        public static let syncGroup = API(.syncGroup)
        /// Shows classic groups.
        public static let describeGroups = API(.describeGroups)
        /// Lists the groups of a broker.
        public static let listGroups = API(.listGroups)
        /// The APIs of a broker and their versions.
        public static let apiVersions = API(.apiVersions)
        /// Creates topics.
        public static let createTopics = API(.createTopics)
        /// Deletes topics.
        public static let deleteTopics = API(.deleteTopics)
        /// Moves the start of partitions up.
        public static let deleteRecords = API(.deleteRecords)
        /// Gives an idempotent producer its id.
        public static let initProducerId = API(.initProducerId)
        /// Finds where a leader epoch ends, which tells a consumer whether what it read was truncated.
        public static let offsetForLeaderEpoch = API(.offsetForLeaderEpoch)
        /// Shows configurations.
        public static let describeConfigs = API(.describeConfigs)
        /// Adds partitions to topics.
        public static let createPartitions = API(.createPartitions)
        /// Deletes groups.
        public static let deleteGroups = API(.deleteGroups)
        /// Agrees on a SASL mechanism.
        public static let saslHandshake = API(.saslHandshake)
        /// Carries a SASL mechanism's messages.
        public static let saslAuthenticate = API(.saslAuthenticate)
        /// Makes a delegation token.
        public static let createDelegationToken = API(.createDelegationToken)
        /// Makes a delegation token last longer.
        public static let renewDelegationToken = API(.renewDelegationToken)
        /// Ends a delegation token.
        public static let expireDelegationToken = API(.expireDelegationToken)
        /// Shows delegation tokens.
        public static let describeDelegationToken = API(.describeDelegationToken)
        /// Shows the brokers of the cluster.
        public static let describeCluster = API(.describeCluster)

        /// Kafka's name for it, or its key if it has none here.
        public var description: String {
            Endpoints.all[APIKey(rawValue: self.rawValue)]?.name ?? "API \(self.rawValue)"
        }
    }
}
