// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// What all clients count and measure: their connections and requests. It is all of an admin client's statistics, and a part of
/// those of producers and consumers.
public struct ClientStatistics: KafkaStatistics, Hashable {
    /// The configuration's `clientID`.
    public var clientID: String
    /// The time since the client was created.
    public var age: Duration
    /// The id of the cluster; nil until it is reached.
    public var clusterID: String?
    /// The number of the cluster's brokers that the client knows of.
    public var brokers: Int
    /// The connections that are open or being opened, and those that could not be opened or broke, by broker.
    public var connections: [ConnectionStatistics]

    /// The connections that were opened.
    public var connectionsOpened: StatisticsCount
    /// The attempts to connect that failed.
    public var failedConnectionAttempts: StatisticsCount
    /// The requests that were sent.
    public var requests: StatisticsCount
    /// The requests that ended without an answer.
    public var failedRequests: StatisticsCount
    /// The bytes of requests.
    public var bytesSent: StatisticsCount
    /// The bytes of responses.
    public var bytesReceived: StatisticsCount
    /// The times from sending a request to reading its response. Requests that wait at the broker don't count: Fetch,
    /// JoinGroup and SyncGroup.
    public var requestLatency: StatisticsDistribution<Duration>
    /// The pauses that brokers have requested because of quotas (KIP-219).
    public var throttleTime: StatisticsDistribution<Duration>
}

extension ClientStatistics {
    var tree: StatisticsTree {
        .object([
            ("clientID", .text(self.clientID)), ("age", .time(self.age)),
            ("clusterID", .optional(self.clusterID, StatisticsTree.text)), ("brokers", .integer(self.brokers)),
            ("connections", .list(self.connections.map(\.tree))),
            ("connectionsOpened", self.connectionsOpened.tree),
            ("failedConnectionAttempts", self.failedConnectionAttempts.tree),
            ("requests", self.requests.tree), ("failedRequests", self.failedRequests.tree),
            ("bytesSent", self.bytesSent.treeOfBytes), ("bytesReceived", self.bytesReceived.treeOfBytes),
            ("requestLatency", self.requestLatency.tree), ("throttleTime", self.throttleTime.tree),
        ])
    }

    /// The statistics as lines of text.
    public var description: String { self.tree.text }
    /// The statistics as JSON, on one line.
    public var json: String { self.tree.json }
    /// Encodes what `json` has.
    public func encode(to encoder: any Encoder) throws { try self.tree.encode(to: encoder) }
}
