// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

extension EmbeddedKafka {
    /// The IDs of all brokers, including stopped ones.
    public var brokerIDs: [Int] { Array(1...self.cluster.configuration.brokers) }

    /// Returns the ID of the broker that leads a partition, or nil if it has no leader.
    ///
    /// - Throws: ``EmbeddedKafkaError`` with the code `.unknownTopicOrPartition` if the topic or partition doesn't exist, and
    ///   without a code if the cluster has been stopped.
    public func leader(of topic: String, partition: Int) async throws(EmbeddedKafkaError) -> Int? {
        try await self.onPartition(topic, partition) { _, partition in partition.leader.map { Int($0) } }
    }

    /// Returns a partition's leader epoch, which starts at 0 and increases with each change of the leader.
    ///
    /// - Throws: ``EmbeddedKafkaError`` with the code `.unknownTopicOrPartition` if the topic or partition doesn't exist, and
    ///   without a code if the cluster has been stopped.
    public func leaderEpoch(of topic: String, partition: Int) async throws(EmbeddedKafkaError) -> Int {
        try await self.onPartition(topic, partition) { _, partition in Int(partition.leaderEpoch) }
    }

    /// Makes a broker the leader of a partition, in a new epoch. If it isn't a replica, it replaces the previous leader
    /// among the replicas.
    ///
    /// - Parameters:
    ///   - topic: The name of the topic.
    ///   - partition: The number of the partition.
    ///   - broker: The ID of the new leader, which must be running.
    /// - Throws: ``EmbeddedKafkaError`` with the code `.unknownTopicOrPartition` if the topic or partition doesn't exist, and
    ///   without a code if the broker doesn't exist or is stopped, or if the cluster has been stopped.
    public func moveLeader(of topic: String, partition: Int, to broker: Int) async throws(EmbeddedKafkaError) {
        try await self.onPartition(topic, partition) { cluster, partition throws(EmbeddedKafkaError) in
            cluster.lead(partition, by: try cluster.runningBroker(broker).id)
        }
    }

    /// Stops a broker: closes its ports and connections. Does nothing if it is stopped.
    ///
    /// Other replicas become leaders of its partitions, if there are any, and other brokers coordinate its groups.
    ///
    /// - Throws: ``EmbeddedKafkaError`` if the broker doesn't exist or the cluster has been stopped.
    public func stopBroker(_ id: Int) async throws(EmbeddedKafkaError) {
        try await self.onLoop { cluster throws(EmbeddedKafkaError) in
            try cluster.knownBroker(id).stop()
        }
    }

    /// Starts a stopped broker on the same ports. Does nothing if it is running.
    ///
    /// It becomes the leader of its partitions that have no leader.
    ///
    /// - Throws: ``EmbeddedKafkaError`` if the broker doesn't exist, if it can't listen on one of its ports because another
    ///   process uses it, or if the cluster has been stopped.
    public func startBroker(_ id: Int) async throws(EmbeddedKafkaError) {
        try await self.onLoop { cluster throws(EmbeddedKafkaError) in
            let broker = try cluster.knownBroker(id)
            do throws(TransportError) {
                try broker.start()
            } catch {
                throw EmbeddedKafkaError("Broker \(id) can't listen: \(error).")
            }
        }
    }

    /// Closes connections without stopping brokers: those of one broker, one connection by its number, or all. Does nothing
    /// if there is no such broker or connection.
    ///
    /// - Parameters:
    ///   - broker: The ID of the broker whose connections to close. Default: nil, for all brokers.
    ///   - connection: The number of the connection to close, as in ``EmbeddedKafka/requests``. Default: nil, for all connections.
    /// - Throws: ``EmbeddedKafkaError`` if the cluster has been stopped.
    public func closeConnections(
        of broker: Int? = nil, connection: Int? = nil
    ) async throws(EmbeddedKafkaError) {
        try await self.onLoop { cluster in
            for candidate in cluster.brokers.values where broker == nil || Int(candidate.id) == broker {
                candidate.closeConnections(connection)
            }
        }
    }

    /// Returns the number of a broker's open connections.
    ///
    /// - Throws: ``EmbeddedKafkaError`` if the broker doesn't exist or the cluster has been stopped.
    public func connectionCount(of broker: Int) async throws(EmbeddedKafkaError) -> Int {
        try await self.onLoop { cluster throws(EmbeddedKafkaError) in
            try cluster.knownBroker(broker).connectionCount
        }
    }
}

extension EmbeddedCluster {
    func knownBroker(_ id: Int) throws(EmbeddedKafkaError) -> EmbeddedBroker {
        guard let id = Int32(exactly: id), let broker = self.brokers[id] else {
            throw EmbeddedKafkaError.unknown(broker: id)
        }
        return broker
    }

    func runningBroker(_ id: Int) throws(EmbeddedKafkaError) -> EmbeddedBroker {
        let broker = try self.knownBroker(id)
        guard broker.isRunning else { throw EmbeddedKafkaError("Broker \(id) is stopped.") }
        return broker
    }
}
