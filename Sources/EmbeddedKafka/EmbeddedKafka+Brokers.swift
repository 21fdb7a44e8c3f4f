// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

extension EmbeddedKafka {
    /// The ids of the brokers, also of those that are stopped.
    public var brokerIDs: [Int] { Array(1...self.cluster.configuration.brokers) }

    /// The broker that leads a partition; nil if none does.
    public func leader(of topic: String, partition: Int) async throws(EmbeddedKafkaError) -> Int? {
        try await self.onPartition(topic, partition) { _, partition in partition.leader.map { Int($0) } }
    }

    /// The number of a partition's leaders so far, counted from 0: each change of leader is a new epoch.
    public func leaderEpoch(of topic: String, partition: Int) async throws(EmbeddedKafkaError) -> Int {
        try await self.onPartition(topic, partition) { _, partition in Int(partition.leaderEpoch) }
    }

    /// Makes a broker the leader of a partition, in a new epoch. If it had no replica of it, it takes the leader's place
    /// among the replicas.
    public func moveLeader(of topic: String, partition: Int, to broker: Int) async throws(EmbeddedKafkaError) {
        try await self.onPartition(topic, partition) { cluster, partition throws(EmbeddedKafkaError) in
            cluster.lead(partition, by: try cluster.runningBroker(broker).id)
        }
    }

    /// Closes a broker's port and all its connections. Other replicas lead its partitions, if there are any, and other
    /// brokers coordinate its groups. Does nothing if it is stopped.
    public func stopBroker(_ id: Int) async throws(EmbeddedKafkaError) {
        try await self.onLoop { cluster throws(EmbeddedKafkaError) in
            try cluster.knownBroker(id).stop()
        }
    }

    /// Opens a stopped broker's port again, the same one. It leads what nobody leads. Does nothing if it runs.
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

    /// Closes connections, and nothing else: those of one broker, one connection by its number, or all.
    public func closeConnections(
        of broker: Int? = nil, connection: Int? = nil
    ) async throws(EmbeddedKafkaError) {
        try await self.onLoop { cluster in
            for candidate in cluster.brokers.values where broker == nil || Int(candidate.id) == broker {
                candidate.closeConnections(connection)
            }
        }
    }

    /// How many connections a broker has.
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
