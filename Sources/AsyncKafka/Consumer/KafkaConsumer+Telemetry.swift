// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import KafkaProtocol
import KafkaTransport

extension KafkaConsumer {
    /// Returns the ID under which the cluster knows this consumer's metrics (KIP-714), which a broker assigns. Waits for it.
    ///
    /// It names the client in the metrics that an administrator collects. Log it, or attach it to your own metrics, to find them there.
    /// Once a broker has given it, it is returned at once, also after the consumer has closed.
    ///
    /// - Parameter timeout: The maximum time to wait. Default: nil, ``KafkaClientConfiguration/apiTimeout``.
    /// - Throws: `.illegalState` if ``KafkaClientConfiguration/enableMetricsPush`` is false, `.unsupportedVersion` if the connected brokers
    ///   take no metrics, `.closed` if there is no ID and the consumer is closed, or brokers have refused its metrics or not answered,
    ///   `.timedOut` if no broker has answered in time, or `.cancelled` if the task is cancelled.
    public func clientInstanceID(timeout: Duration? = nil) async throws(KafkaError) -> KafkaUUID {
        let deadline = self.core.loop.now + (timeout ?? self.core.configuration.cluster.apiTimeout)
        return try await self.core.telemetry.clientInstanceID(until: deadline)
    }
}

extension ConsumerCore {
    /// What the consumer pushes now.
    func telemetryReading() -> TelemetryReading {
        let (statistics, tally, now) = self.statistics()
        let member = statistics.group.flatMap { $0.memberID.isEmpty ? nil : $0.memberID }
        let client: [(String, String?)] = [
            ("group_id", self.configuration.groupID), ("group_instance_id", self.configuration.groupInstanceID),
            ("group_member_id", member), ("client_rack", self.configuration.cluster.rack),
        ]
        return TelemetryReading(
            client: client.compactMap { name, value in value.map { MetricsData.Attribute(name, $0) } },
            age: statistics.client.age,
            values: statistics.telemetry(
                rebalances: tally.rebalances.recent.reportedTimes(now: now),
                idleRatio: tally.idleRatio(now: now).reported(now: now, unit: 0.000_001)))
    }
}
