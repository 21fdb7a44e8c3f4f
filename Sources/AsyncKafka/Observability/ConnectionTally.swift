// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// Counts what happens on a connection, or on all connections of a client. Pure.
struct ConnectionTally: Sendable {
    /// APIs whose requests wait at the broker, for records or for other members. Their times say nothing of the network.
    private static let waiting: Set<APIKey> = [.fetch, .joinGroup, .syncGroup]

    /// When counting began.
    let beginning: MonotonicTime
    /// The connections that were opened.
    private(set) var opened = RecentCount()
    /// The attempts to connect that failed.
    private(set) var failedAttempts = RecentCount()
    private(set) var requests = RecentCount()
    private(set) var failures = RecentCount()
    private(set) var bytesSent = RecentCount()
    private(set) var bytesReceived = RecentCount()
    /// The times from sending a request to its answer.
    private(set) var roundTrips = RecentDistribution()
    /// The same for requests for records.
    private(set) var fetches = RecentDistribution()
    /// The pauses that brokers have requested.
    private(set) var pauses = RecentDistribution()

    init(since beginning: MonotonicTime) {
        self.beginning = beginning
    }

    mutating func connected(now: MonotonicTime) { self.opened.add(1, now: now) }

    mutating func attemptFailed(now: MonotonicTime) { self.failedAttempts.add(1, now: now) }

    mutating func sent(_ bytes: Int, now: MonotonicTime) {
        self.requests.add(1, now: now)
        self.bytesSent.add(bytes, now: now)
    }

    mutating func answered(_ api: APIKey, in time: Duration, _ bytes: Int, now: MonotonicTime) {
        self.bytesReceived.add(bytes, now: now)
        if !Self.waiting.contains(api) { self.roundTrips.record(time, now: now) }
        if api == .fetch { self.fetches.record(time, now: now) }
    }

    mutating func failed(now: MonotonicTime) { self.failures.add(1, now: now) }

    mutating func throttled(for pause: Duration, now: MonotonicTime) { self.pauses.record(pause, now: now) }
}
