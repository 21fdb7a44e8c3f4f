// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import KafkaProtocol
import KafkaTransport

extension KafkaProducer {
    /// Returns the ID under which the cluster knows this producer's metrics (KIP-714), which a broker assigns. Waits for it.
    ///
    /// It names the client in the metrics that an administrator collects. Log it, or attach it to your own metrics, to find them there.
    /// Once a broker has given it, it is returned at once, also after the producer has closed.
    ///
    /// - Parameter timeout: The maximum time to wait. Default: nil, ``KafkaClientConfiguration/apiTimeout``.
    /// - Throws: `.illegalState` if ``KafkaClientConfiguration/enableMetricsPush`` is false, `.unsupportedVersion` if the connected brokers
    ///   take no metrics, `.closed` if there is no ID and the producer is closed, or brokers have refused its metrics or not answered,
    ///   `.timedOut` if no broker has answered in time, or `.cancelled` if the task is cancelled.
    public func clientInstanceID(timeout: Duration? = nil) async throws(KafkaError) -> KafkaUUID {
        let deadline = self.loop.now + (timeout ?? self.sender.configuration.cluster.apiTimeout)
        return try await self.sender.telemetry.clientInstanceID(until: deadline)
    }
}

extension Sender {
    /// What the producer pushes now.
    func telemetryReading() -> TelemetryReading {
        let statistics = self.statistics()
        let now = self.loop.now
        let queueTime = self.tally.withLock { $0.queueTime }.reportedTimes(now: now)
        let client: [(String, String?)] = [
            ("transactional_id", self.transactions?.id), ("client_rack", self.configuration.cluster.rack),
        ]
        return TelemetryReading(
            client: client.compactMap { name, value in value.map { MetricsData.Attribute(name, $0) } },
            age: statistics.client.age, values: statistics.telemetry(queueTime: queueTime))
    }
}
