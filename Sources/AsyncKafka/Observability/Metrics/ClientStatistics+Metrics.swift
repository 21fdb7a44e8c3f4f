// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension ClientStatistics {
    /// The values of all metrics of an admin client. Those of a producer or consumer have them with its own.
    public var samples: [KafkaMetric.Sample] { self.samples(of: .admin) }

    func samples(of type: ClientType) -> [KafkaMetric.Sample] {
        Self.sources.flatMap { $0.samples(of: self, self.clientID, type) }
    }

    static let sources: [MetricSource<ClientStatistics>] = [
        .counter("kafka_client_requests_total", of: "requests", "The requests that were sent.") { $0.requests.total },
        .counter(
            "kafka_client_failed_requests_total", of: "requests", "The requests that ended without an answer."
        ) { $0.failedRequests.total },
        .counter("kafka_client_sent_bytes_total", of: "bytes", "The bytes of requests.") { $0.bytesSent.total },
        .counter("kafka_client_received_bytes_total", of: "bytes", "The bytes of responses.") {
            $0.bytesReceived.total
        },
        .times(
            "kafka_client_request_latency_seconds",
            "The times from sending a request to its response, without those that wait at the broker (Fetch, JoinGroup, SyncGroup)."
        ) { $0.requestLatency },
        .times("kafka_client_throttle_time_seconds", "The pauses that brokers have requested because of quotas.") {
            $0.throttleTime
        },
        .counter("kafka_client_connections_opened_total", of: "connections", "The connections that were opened.") {
            $0.connectionsOpened.total
        },
        .counter(
            "kafka_client_failed_connection_attempts_total", of: "attempts", "The attempts to connect that failed."
        ) { $0.failedConnectionAttempts.total },
        .connections("kafka_client_connection_open", of: "1", "1 for an open connection, and 0 for one that isn't.") {
            $0.state == .open || $0.state == .paused ? 1 : 0
        },
        .connections("kafka_client_requests_in_flight", of: "requests", "The requests whose answers are due.") {
            Double($0.requestsInFlight)
        },
        .connections("kafka_client_requests_waiting", of: "requests", "The requests that wait to be sent.") {
            Double($0.requestsWaiting)
        },
        .connections(
            "kafka_client_round_trip_seconds", of: "seconds",
            "The median of a connection's request latency in the last minute."
        ) { $0.roundTrip.lastMinute?.p50.seconds },
    ]
}

extension MetricSource<ClientStatistics> {
    /// A gauge with a value for each connection.
    fileprivate static func connections(
        _ name: String, of unit: String, _ meaning: String,
        _ value: @escaping @Sendable (ConnectionStatistics) -> Double?
    ) -> MetricSource {
        .each(
            .gauge, name, of: unit, by: ["broker", "purpose"], meaning, in: { $0.connections },
            labelled: { [$0.broker.id.map { "\($0)" } ?? $0.broker.description, $0.purpose.rawValue] }, value)
    }
}
