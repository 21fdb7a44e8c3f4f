// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

extension Cluster {
    /// Why no client can work with the cluster now, or that it has stopped.
    var health: KafkaHealth {
        if self.connections.isClosed { return .stopped }
        guard self.isRunning else {
            return .degraded([.init(.notRunning, "Nothing is running this client's run().")])
        }
        let failure = self.connections.failure
        // The id stays known while the client begins again from its bootstrap servers.
        if self.metadata.brokers.isEmpty, self.metadata.clusterID == nil {
            let reason = failure.map { " \($0.error.message)" } ?? ""
            return .degraded([.init(.clusterUnreachable, "The cluster has not been reached yet.\(reason)")])
        }
        if let failure, self.loop.now - failure.since >= KafkaHealth.patience, self.connections.openConnections.isEmpty
        {
            return .degraded([.init(.clusterUnreachable, "No broker is connected. \(failure.error.message)")])
        }
        return .ready
    }
}

extension KafkaHealth {
    /// Adds the reasons of a client to those of its cluster.
    func adding(_ reasons: @autoclosure () -> [Reason]) -> KafkaHealth {
        switch self {
        case .ready: KafkaHealth(reasons())
        case .degraded(let own): .degraded(own + reasons())
        case .stopped: .stopped
        }
    }

    /// A reason that concerns several partitions: it names the first of them.
    static func reason(
        _ code: Code, _ partitions: [(partition: TopicPartition, message: String)]
    ) -> Reason? {
        guard let first = partitions.min(by: { $0.partition < $1.partition }) else { return nil }
        let others = partitions.count > 1 ? " (and \(partitions.count - 1) more)" : ""
        return Reason(code, "\(first.partition)\(others): \(first.message)")
    }
}
