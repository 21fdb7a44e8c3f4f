// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(1))) struct ConnectionStatisticsTests {
    private let clock = TestClock()

    @Test func connectionsTellTheirStateRequestsAndTimes() async throws {
        try await self.clock.withAdminClient(EmbeddedKafka.Configuration()) { kafka, admin in
            #expect(admin.statistics().requests.total == 0)
            _ = try await admin.describeCluster()
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.holdAnswer(hold), on: .describeCluster)
            async let answer = admin.describeCluster()
            await hold.untilHeld()
            // The client may also be asking for metadata.
            try await self.clock.until { admin.statistics().connections.first?.requestsInFlight == 1 }
            let busy = try #require(admin.statistics().connections.first)
            #expect(busy.state == .open && busy.purpose == .general)
            try await self.clock.sleep(for: .seconds(4))
            hold.release()
            let description = try await answer
            let statistics = admin.statistics()
            let connection = try #require(statistics.connections.first)
            #expect(statistics.connections.count == 1)
            #expect(connection.broker.id == 1 && connection.requestsInFlight == 0)
            #expect(connection.requests.total == kafka.requests.count)
            let sizes = kafka.requests.map(\.byteCount).reduce(0, +)
            #expect(connection.bytesSent.total == sizes && statistics.bytesSent.total == sizes)
            #expect(connection.bytesReceived.total > 0)
            #expect(connection.roundTrip.totalCount == kafka.requests.count)
            #expect(connection.roundTrip.lastMinute?.maximum == .seconds(4))
            #expect(connection.roundTrip.lastMinute?.p50 == .zero)
            #expect(statistics.requestLatency == connection.roundTrip)
            #expect(statistics.brokers == 1 && statistics.clusterID == description.id)
            #expect(statistics.connectionsOpened.total == 1 && statistics.failedConnectionAttempts.total == 0)
            #expect(statistics.age >= .seconds(4))
        }
    }

    /// A monitoring system takes a total that decreases for that of another process.
    @Test func totalsIncludeConnectionsThatHaveEnded() async throws {
        try await self.clock.withAdminClient(EmbeddedKafka.Configuration()) { kafka, admin in
            _ = try await admin.describeCluster()
            let before = admin.statistics()
            kafka.inject(.closeAfterWork, on: .describeCluster)
            _ = try await admin.describeCluster()
            let after = admin.statistics()
            #expect(after.requests.total == before.requests.total + 3, "the call twice, and ApiVersions")
            #expect(after.failedRequests.total == 1)
            #expect(after.connectionsOpened.total == 2)
            #expect(after.connections.first?.requests.total == 2)
        }
    }

    @Test func pausesAreCountedAndTheirConnectionIsSaidToBePaused() async throws {
        try await self.clock.withAdminClient(EmbeddedKafka.Configuration()) { kafka, admin in
            kafka.rewrite(DescribeClusterRequest.self) { _, _, response in response.throttleTimeMs = 2000 }
            _ = try await admin.describeCluster()
            let statistics = admin.statistics()
            #expect(statistics.connections.first?.state == .paused)
            #expect(statistics.throttleTime.totalCount == 1)
            #expect(statistics.throttleTime.lastMinute?.maximum == .seconds(2))
        }
    }

    @Test func aConnectionThatFailsTellsWhy() async throws {
        try await self.clock.passing {
            let silent = try SilentPort()
            var configuration = KafkaClientConfiguration(bootstrapServers: ["127.0.0.1:\(silent.port)"])
            configuration.clock = self.clock.loopClock
            configuration.log = SilentLog()
            try await KafkaAdminClient.withAdminClient(configuration) { admin in
                await #expect(throws: KafkaError.self) { try await admin.describeCluster(timeout: .seconds(30)) }
                // Another attempt may be in progress.
                try await self.clock.until { admin.statistics().connections.map(\.state) == [.failed] }
                let statistics = admin.statistics()
                #expect(statistics.connections.first?.error?.isEmpty == false)
                #expect(statistics.failedConnectionAttempts.total > 0 && statistics.connectionsOpened.total == 0)
            }
        }
    }
}
