// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

extension RealCluster {
    /// Creates a topic. Returns when every running broker knows the leaders of its partitions and all replicas are in
    /// sync.
    ///
    /// - Parameter replicationFactor: The number of replicas. Default: 3, or the number of brokers if that is less.
    package func createTopic(
        _ name: String, partitions: Int = 1, replicationFactor: Int? = nil, settings: [String: String] = [:]
    ) async throws {
        let copies = replicationFactor ?? min(3, self.brokerIDs.count)
        let controller = Int(try await self.metadata().controller)
        try await BrokerProbe(port: self.port(of: controller)).createTopic(
            name, partitions: partitions, replicationFactor: copies, settings: settings)
        try await self.untilInSync(name, partitions: partitions, copies: copies)
    }

    /// Deletes a topic. Returns when no running broker knows it.
    package func deleteTopic(_ name: String) async throws {
        let controller = Int(try await self.metadata().controller)
        try await BrokerProbe(port: self.port(of: controller)).deleteTopic(name)
        for broker in self.runningIDs {
            let probe = BrokerProbe(port: self.port(of: broker))
            try await eventually("broker \(broker) has forgotten \(name)", within: .seconds(60)) {
                guard let known = try? await probe.metadata(of: [name]).topics[name] else { return false }
                return known.error == 3
            }
        }
    }

    /// Waits until all replicas of all partitions are in sync and all running brokers know it.
    package func untilInSync(_ topic: String, partitions: Int, copies: Int) async throws {
        for broker in self.runningIDs {
            let probe = BrokerProbe(port: self.port(of: broker))
            try await eventually("broker \(broker) has all copies of \(topic) in step", within: .seconds(60)) {
                guard let known = try? await probe.metadata(of: [topic]).topics[topic] else { return false }
                return known.error == 0 && known.partitions.count == partitions
                    && known.partitions.allSatisfy {
                        $0.error == 0 && $0.leader >= 0 && $0.inSyncReplicas.count == copies
                    }
            }
        }
    }

    /// Returns the metadata of one of the running brokers.
    package func metadata(of topics: [String] = []) async throws -> BrokerProbe.Metadata {
        guard let broker = self.runningIDs.first else { throw Failure(description: "no broker is running") }
        return try await BrokerProbe(port: self.port(of: broker)).metadata(of: topics)
    }

    /// Returns the leaders of a topic's partitions, in order.
    package func leaders(of topic: String) async throws -> [Int] {
        try await self.metadata(of: [topic]).topics[topic]?.partitions.map { Int($0.leader) } ?? []
    }

    /// Moves the leadership of each partition to the next of its replicas, using Kafka's tools.
    package func moveLeaders(of topic: String) async throws {
        let partitions = try await self.metadata(of: [topic]).topics[topic]?.partitions ?? []
        let plan = partitions.map { partition in
            let rotated = Array(partition.replicas.dropFirst() + partition.replicas.prefix(1))
            return #"{"topic":"\#(topic)","partition":\#(partition.index),"replicas":\#(rotated)}"#
        }
        let file = self.folder.appendingPathComponent("reassignment.json")
        try Data(#"{"version":1,"partitions":[\#(plan.joined(separator: ","))]}"#.utf8).write(to: file)
        try await self.run(
            "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
            ["--bootstrap-server", self.bootstrap, "--reassignment-json-file", file.path, "--execute"])
        try await self.run(
            "org.apache.kafka.tools.LeaderElectionCommand",
            ["--bootstrap-server", self.bootstrap, "--election-type", "preferred", "--all-topic-partitions"])
        let wanted = partitions.map { Int($0.replicas.dropFirst().first ?? $0.leader) }
        try await eventually("the leaders of \(topic) are \(wanted)") { try await self.leaders(of: topic) == wanted }
    }
}
