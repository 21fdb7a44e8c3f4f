// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension EmbeddedKafka {
    /// The state of a transactional ID at its coordinator.
    public struct Transaction: Hashable, Sendable {
        /// A partition of a topic.
        public struct Partition: Hashable, Sendable {
            /// The name of the topic.
            public var topic: String
            /// The number of the partition.
            public var partition: Int
        }

        /// The state by Kafka's name: Empty, Ongoing, PrepareCommit, PrepareAbort, CompleteCommit or CompleteAbort.
        public var state: String
        /// The ID of the producer.
        public var producerID: Int64
        /// The producer's epoch, by which earlier producers are fenced.
        public var producerEpoch: Int
        /// The partitions of the transaction. Offsets that it commits count as those of `__consumer_offsets`.
        public var partitions: Set<Partition>
    }

    /// Returns the state of a transactional ID, or nil if no producer has used it.
    ///
    /// - Throws: ``EmbeddedKafkaError`` if the cluster has been stopped.
    public func transaction(_ transactionalID: String) async throws(EmbeddedKafkaError) -> Transaction? {
        try await self.onLoop { cluster in
            cluster.transactions.states[transactionalID].map { state in
                Transaction(
                    state: state.state.rawValue, producerID: state.producer.id,
                    producerEpoch: Int(state.producer.epoch),
                    partitions: Set(
                        state.places.map {
                            Transaction.Partition(topic: $0.topic, partition: Int($0.partition))
                        }))
            }
        }
    }

    /// Returns the ID of the broker that coordinates the transactions of a transactional ID, or nil if no broker is running.
    ///
    /// - Throws: ``EmbeddedKafkaError`` if the cluster has been stopped.
    public func coordinator(ofTransactionalID id: String) async throws(EmbeddedKafkaError) -> Int? {
        try await self.onLoop { $0.coordinator(.transaction, for: id).map { Int($0) } }
    }

    /// Makes another broker the coordinator of a transactional ID. It takes over the state of the transaction.
    ///
    /// - Parameters:
    ///   - id: The transactional ID.
    ///   - broker: The ID of the new coordinator, which must be running.
    /// - Throws: ``EmbeddedKafkaError`` if the broker doesn't exist or is stopped, or if the cluster has been stopped.
    public func moveCoordinator(ofTransactionalID id: String, to broker: Int) async throws(EmbeddedKafkaError) {
        try await self.onLoop { cluster throws(EmbeddedKafkaError) in
            cluster.moveCoordinator(.transaction, for: id, to: try cluster.runningBroker(broker).id)
        }
    }

    /// Changes the version of transactions while the cluster runs, as an administrator does with the feature
    /// `transaction.version`. Clients learn of it with their next connection.
    ///
    /// - Parameter version: The version, 0 to 2, as ``EmbeddedKafka/Configuration/transactionVersion``.
    /// - Throws: ``EmbeddedKafkaError`` if there is no such version, or if the cluster has been stopped.
    public func setTransactionVersion(_ version: Int) async throws(EmbeddedKafkaError) {
        guard (0...2).contains(version) else {
            throw EmbeddedKafkaError("Transactions have versions 0 to 2, not \(version).")
        }
        try await self.onLoop { cluster in cluster.setLevel(of: .transactionVersion, to: version) }
    }
}
