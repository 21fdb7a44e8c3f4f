// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// No request outlives the deadline of the call that it is for. How long a broker may take for one is longer here than the
/// tests may take.
@Suite(.timeLimit(.minutes(1))) struct DeadlineTests {
    private let partition = TopicPartition("t", 0)

    private func withHangingBroker(
        on apis: [EmbeddedKafka.API], _ body: (KafkaConsumer) async throws -> Void
    ) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            var configuration = kafka.consuming("g")
            configuration.cluster.requestTimeout = .seconds(600)
            configuration.cluster.apiTimeout = .seconds(2)
            configuration.enableAutoCommit = false
            configuration.closeTimeout = .seconds(1)
            let hold = EmbeddedKafka.Hold()
            for api in apis { kafka.inject(.hold(hold), on: api, times: nil) }
            defer { hold.release() }
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition], body)
        }
    }

    private func expectTimeOut(_ api: String, _ body: () async throws -> Void) async {
        await #expect {
            try await body()
        } throws: {
            guard let error = $0 as? KafkaError else { return false }
            return error.code == .timedOut && error.message.contains(api)
        }
    }

    @Test func committedOffsets() async throws {
        try await self.withHangingBroker(on: [.offsetFetch]) { consumer in
            await self.expectTimeOut("OffsetFetch") { _ = try await consumer.committed(self.partition) }
        }
    }

    @Test func theCoordinator() async throws {
        try await self.withHangingBroker(on: [.findCoordinator]) { consumer in
            await self.expectTimeOut("FindCoordinator") { _ = try await consumer.committed(self.partition) }
        }
    }

    @Test func offsetsOfLogs() async throws {
        try await self.withHangingBroker(on: [.listOffsets]) { consumer in
            await self.expectTimeOut("ListOffsets") { _ = try await consumer.endOffsets(of: [self.partition]) }
            await self.expectTimeOut("ListOffsets") {
                _ = try await consumer.offsets(for: [self.partition: Timestamp(millisecondsSince1970: 1)])
            }
        }
    }

    /// Nothing has failed yet, but somebody has been silent.
    @Test func whatIsWaitedForIsTold() async throws {
        try await self.withHangingBroker(on: [.metadata]) { consumer in
            await self.expectTimeOut("Metadata") { _ = try await consumer.partitions(of: "t") }
        }
        try await self.withHangingBroker(on: [.listOffsets]) { consumer in
            await self.expectTimeOut("ListOffsets") { try await consumer.seek(self.partition, to: .end) }
        }
    }

    /// One partition has no leader: the others' offsets wait for it no longer than the call may take, and the error says why.
    @Test func aPartitionWithoutALeader() async throws {
        try await EmbeddedKafka.withCluster(brokers: 2) { kafka in
            try await kafka.createTopic("t", partitions: 2)
            var configuration = kafka.consuming()
            configuration.cluster.apiTimeout = .seconds(2)
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                try await kafka.stopBroker(2)
                await #expect {
                    _ = try await consumer.endOffsets(of: [TopicPartition("t", 1)])
                } throws: {
                    guard let error = $0 as? KafkaError else { return false }
                    return error.partition == 1 && error.message.contains("attempts")
                }
            }
        }
    }
}
