// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// What a client knows of its connection to a broker. A client has up to three connections to a broker.
public struct ConnectionStatistics: Hashable, Sendable {
    /// The state of a connection.
    @nonexhaustive
    public enum State: String, Hashable, Sendable {
        /// The client connects: name look-up, TCP, TLS, versions and authentication.
        case connecting
        /// Requests can be sent.
        case open
        /// The broker has requested a pause (KIP-219), or the session is being renewed (KIP-368). Requests wait.
        case paused
        /// The last attempt to connect failed, or the connection broke. It is opened again when it is needed.
        case failed
    }

    /// What a connection is for.
    @nonexhaustive
    public enum Purpose: String, Hashable, Sendable {
        /// Writing records, metadata, and all other requests that are answered immediately.
        case general
        /// Requests for records, which wait at the broker.
        case fetch
        /// JoinGroup, SyncGroup and heartbeats.
        case group
    }

    /// The broker. Its id is nil for a bootstrap server of which it isn't known yet which broker it is.
    public var broker: Broker
    /// What the connection is for.
    public var purpose: Purpose
    /// The state.
    public var state: State
    /// Why the last attempt failed or the connection broke; nil unless the state is `failed`.
    public var error: String?
    /// The number of requests whose answers are due.
    public var requestsInFlight: Int
    /// The number of requests that wait to be sent.
    public var requestsWaiting: Int
    /// The requests that were sent on this connection.
    public var requests: StatisticsCount
    /// The bytes of requests.
    public var bytesSent: StatisticsCount
    /// The bytes of responses.
    public var bytesReceived: StatisticsCount
    /// The times from sending a request to reading its response, except for Fetch, JoinGroup and SyncGroup, which wait at the
    /// broker.
    public var roundTrip: StatisticsDistribution<Duration>
}

extension ConnectionStatistics {
    var tree: StatisticsTree {
        .line(
            self.line,
            of: [
                ("broker", .optional(self.broker.id) { .integer($0) }), ("host", .text(self.broker.host)),
                ("port", .integer(self.broker.port)), ("rack", .optional(self.broker.rack, StatisticsTree.text)),
                ("purpose", .text(self.purpose.rawValue)), ("state", .text(self.state.rawValue)),
                ("error", .optional(self.error, StatisticsTree.text)),
                ("requestsInFlight", .integer(self.requestsInFlight)),
                ("requestsWaiting", .integer(self.requestsWaiting)), ("requests", self.requests.tree),
                ("bytesSent", self.bytesSent.tree), ("bytesReceived", self.bytesReceived.tree),
                ("roundTrip", self.roundTrip.tree),
            ])
    }

    private var line: String {
        var line = "\(self.broker) \(self.purpose.rawValue): \(self.state.rawValue)"
        if let error { line += ", \(error.printable)" }
        if self.requests.total > 0 {
            let sent = StatisticsTree.text(ofBytes: Double(self.bytesSent.total))
            let received = StatisticsTree.text(ofBytes: Double(self.bytesReceived.total))
            line +=
                ", \(self.requestsInFlight) in flight, \(self.requestsWaiting) waiting, \(sent) sent, \(received) received"
        }
        if let times = self.roundTrip.lastMinute {
            line += ", round trip p50 \(StatisticsTree.text(of: times.p50)) p99 \(StatisticsTree.text(of: times.p99))"
        }
        return line
    }
}
