// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

extension Cluster {
    /// What is known of the connections and requests now.
    func statistics() -> ClientStatistics {
        let now = self.loop.now
        let tally = self.connections.tally.withLock { $0 }
        let metadata = self.metadata
        return ClientStatistics(
            clientID: self.configuration.clientID, age: now - tally.beginning, clusterID: metadata.clusterID,
            brokers: metadata.brokers.count, connections: self.connections.statistics(of: metadata.brokers, now: now),
            connectionsOpened: tally.opened.reported(since: tally.beginning, now: now),
            failedConnectionAttempts: tally.failedAttempts.reported(since: tally.beginning, now: now),
            requests: tally.requests.reported(since: tally.beginning, now: now),
            failedRequests: tally.failures.reported(since: tally.beginning, now: now),
            bytesSent: tally.bytesSent.reported(since: tally.beginning, now: now),
            bytesReceived: tally.bytesReceived.reported(since: tally.beginning, now: now),
            requestLatency: tally.roundTrips.reportedTimes(now: now),
            throttleTime: tally.pauses.reportedTimes(now: now))
    }
}

extension ConnectionTable {
    fileprivate func statistics(of brokers: [Int32: Broker], now: MonotonicTime) -> [ConnectionStatistics] {
        self.known(in: brokers).map { key, broker, condition in
            let connection = condition.connection
            let tally = connection?.tally.withLock { $0 } ?? ConnectionTally(since: now)
            let (inFlight, waiting) = connection?.requestCounts ?? (0, 0)
            var statistics = ConnectionStatistics(
                broker: broker, purpose: ConnectionStatistics.Purpose(key.purpose), state: .connecting, error: nil,
                requestsInFlight: inFlight, requestsWaiting: waiting,
                requests: tally.requests.reported(since: tally.beginning, now: now),
                bytesSent: tally.bytesSent.reported(since: tally.beginning, now: now),
                bytesReceived: tally.bytesReceived.reported(since: tally.beginning, now: now),
                roundTrip: tally.roundTrips.reportedTimes(now: now))
            switch condition {
            case .connecting: break
            case .open(let connection): statistics.state = connection.isPaused ? .paused : .open
            case .failed(let error):
                statistics.state = .failed
                statistics.error = error.message
            }
            return statistics
        }
        .sorted { left, right in
            let (one, other) = (left.broker, right.broker)
            return (one.id ?? .max, one.description, left.purpose.rawValue)
                < (other.id ?? .max, other.description, right.purpose.rawValue)
        }
    }
}

extension ConnectionStatistics.Purpose {
    fileprivate init(_ purpose: ConnectionPurpose) {
        switch purpose {
        case .general: self = .general
        case .fetch: self = .fetch
        case .coordinator: self = .group
        }
    }
}
