// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The brokers of a cluster.
public struct ClusterDescription: Hashable, Sendable {
    /// The cluster's id. Nil if the broker doesn't report it.
    public var id: String?
    /// The id of the controller. With KRaft it is a broker that forwards requests to the controller. Nil while there is none.
    public var controller: Int32?
    /// The brokers, by id.
    public var brokers: [Broker]
    /// The brokers that are registered and fenced, because they are starting, shutting down or unreachable, by id. Nil if they
    /// weren't requested.
    public var fencedBrokers: [Broker]?
    /// The operations on the cluster that the client is authorized for. Nil if they weren't requested, or with brokers below
    /// Kafka 2.3.
    public var authorizedOperations: Set<ACLOperation>?
}

extension ClusterDescription: CustomStringConvertible {
    /// A line for the cluster and one for each broker.
    public var description: String {
        var lines = ["cluster \(self.id ?? "without an id"): \(counted(self.brokers.count, "broker"))".printable]
        for broker in self.brokers { lines.append(self.line(broker, isFenced: false)) }
        for broker in self.fencedBrokers ?? [] { lines.append(self.line(broker, isFenced: true)) }
        return lines.joined(separator: "\n")
    }

    private func line(_ broker: Broker, isFenced: Bool) -> String {
        var line = "  \(broker)"
        if let rack = broker.rack { line += ", rack \(rack)" }
        if broker.id == self.controller { line += ", controller" }
        return (isFenced ? "\(line), fenced" : line).printable
    }
}
