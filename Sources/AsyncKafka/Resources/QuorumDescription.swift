// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The quorum of controllers that keeps the cluster's metadata (KRaft).
public struct QuorumDescription: Hashable, Sendable {
    /// A controller that votes, or a node that only follows.
    public struct Replica: Hashable, Sendable {
        /// The node's id.
        public var id: Int32
        /// The id of the node's metadata directory. Nil with brokers below Kafka 3.9, and in a quorum whose voters are
        /// configured.
        public var directoryID: KafkaUUID?
        /// The offset after the last record that the node has. Nil if the leader doesn't know it.
        public var logEndOffset: Int64?
        /// When the leader last received a fetch of the node. Nil if it doesn't know, or with brokers below Kafka 3.4.
        public var lastFetchTime: Timestamp?
        /// When the node last had all of the leader's records. Nil as ``QuorumDescription/Replica/lastFetchTime``.
        public var lastCaughtUpTime: Timestamp?
    }

    /// A node's addresses.
    public struct Node: Hashable, Sendable {
        /// The node's id.
        public var id: Int32
        /// The listeners for other controllers and brokers.
        public var endpoints: [RaftVoterEndpoint]
    }

    /// The id of the leader, which is the active controller. Nil while there is none.
    public var leader: Int32?
    /// The leader's epoch.
    public var leaderEpoch: Int32
    /// The offset after the last record that a majority of the voters has. Nil if the leader doesn't know it yet.
    public var highWatermark: Int64?
    /// The controllers that vote, by id.
    public var voters: [Replica]
    /// The nodes that follow without a vote: brokers, and controllers that aren't voters; by id.
    public var observers: [Replica]
    /// The addresses of the voters, by id. Empty with brokers below Kafka 3.9.
    public var nodes: [Node]

    /// Returns how many records of the leader's log a node lacks. Nil if that isn't known.
    public func lag(of replica: Replica) -> Int64? {
        guard let leader = self.voters.first(where: { $0.id == self.leader }), let end = leader.logEndOffset,
            let own = replica.logEndOffset
        else { return nil }
        return max(0, end - own)
    }
}

/// Where a controller can be reached.
public struct RaftVoterEndpoint: Hashable, Sendable {
    /// The name of the listener, such as `CONTROLLER`.
    public var listener: String
    /// The host name or IP address.
    public var host: String
    /// The port.
    public var port: UInt16

    /// Creates an endpoint.
    public init(listener: String, host: String, port: UInt16) {
        self.listener = listener
        self.host = host
        self.port = port
    }
}

extension RaftVoterEndpoint: CustomStringConvertible {
    /// The endpoint as Kafka writes it, such as `CONTROLLER://10.0.0.1:9093`.
    public var description: String {
        "\(self.listener)://\(self.host.contains(":") ? "[\(self.host)]" : self.host):\(self.port)"
    }
}

extension QuorumDescription: CustomStringConvertible {
    /// A line for the quorum and one for each voter and observer.
    public var description: String {
        let leader = self.leader.map { "leader \($0)" } ?? "no leader"
        let watermark = self.highWatermark.map { "\($0)" } ?? "unknown"
        var lines = ["metadata quorum: \(leader), epoch \(self.leaderEpoch), high watermark \(watermark)"]
        for (kind, replicas) in [("voter", self.voters), ("observer", self.observers)] {
            for replica in replicas {
                var parts = ["  \(kind) \(replica.id)"]
                parts.append(self.lag(of: replica).map { "lag \($0)" } ?? "unknown lag")
                if let node = self.nodes.first(where: { $0.id == replica.id }) {
                    parts.append(node.endpoints.map(\.description).joined(separator: " "))
                }
                lines.append(parts.joined(separator: ", "))
            }
        }
        return lines.joined(separator: "\n")
    }
}
