// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// No request outlives the deadline of its call: each ends at the deadline, to the millisecond.
@Suite(.timeLimit(.minutes(1))) struct CallDeadlineTests {
    private let partition = TopicPartition("t", 0)
    private let clock = TestClock()

    private func withHangingBroker(
        on api: EmbeddedKafka.API, _ body: (KafkaConsumer, EmbeddedKafka.Hold) async throws -> Void
    ) async throws {
        var cluster = EmbeddedKafka.Configuration()
        cluster.clock = self.clock.loopClock
        try await EmbeddedKafka.withCluster(cluster) { kafka in
            try await kafka.createTopic("t")
            var configuration = kafka.consuming("g")
            configuration.cluster.requestTimeout = .seconds(600)
            configuration.cluster.apiTimeout = .seconds(120)
            configuration.enableAutoCommit = false
            let hold = EmbeddedKafka.Hold()
            if api == .metadata { kafka.inject(.hold(hold), on: api, times: nil) }
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                // Nothing would end the consumer while the clock stands still and the broker hangs.
                defer { hold.release() }
                if api != .metadata {
                    // The consumer's own requests are answered; only those of the call are held.
                    _ = try await consumer.position(of: self.partition)
                    let failure = KafkaError(.notCoordinator, doing: "testing")
                    if api == .findCoordinator {
                        consumer.core.cluster.coordinatorFailed(.group, for: "g", broker: 1, because: failure)
                    }
                    kafka.inject(.hold(hold), on: api, times: nil)
                }
                try await body(consumer, hold)
            }
        }
    }

    private func expectTimeOut(
        _ api: String, _ hold: EmbeddedKafka.Hold, _ body: @escaping @Sendable () async throws -> Void
    ) async {
        let hasEnded = Lock(false)
        let call = Task {
            defer { hasEnded.withLock { $0 = true } }
            try await body()
        }
        await hold.untilHeld()
        await self.clock.advance(by: .milliseconds(119_999))
        #expect(!hasEnded.withLock { $0 })
        await self.clock.advance(by: .milliseconds(1))
        await #expect {
            try await call.value
        } throws: {
            guard let error = $0 as? KafkaError else { return false }
            return error.code == .timedOut && error.message.contains(api)
        }
    }

    @Test func fetchingCommittedOffsetsEndsAtItsDeadline() async throws {
        try await self.withHangingBroker(on: .offsetFetch) { consumer, hold in
            await self.expectTimeOut("OffsetFetch", hold) { _ = try await consumer.committedOffset(of: self.partition) }
        }
    }

    @Test func lookingUpTheCoordinatorEndsAtItsDeadline() async throws {
        try await self.withHangingBroker(on: .findCoordinator) { consumer, hold in
            await self.expectTimeOut("FindCoordinator", hold) {
                _ = try await consumer.committedOffset(of: self.partition)
            }
        }
    }

    @Test func listingOffsetsEndsAtItsDeadline() async throws {
        try await self.withHangingBroker(on: .listOffsets) { consumer, hold in
            await self.expectTimeOut("ListOffsets", hold) { _ = try await consumer.endOffsets(of: [self.partition]) }
        }
        try await self.withHangingBroker(on: .listOffsets) { consumer, hold in
            await self.expectTimeOut("ListOffsets", hold) {
                _ = try await consumer.offsets(for: [self.partition: Timestamp(millisecondsSince1970: 1)])
            }
        }
    }

    /// Nothing has failed yet, but a request is unanswered.
    @Test func theErrorNamesTheUnansweredRequest() async throws {
        try await self.withHangingBroker(on: .metadata) { consumer, hold in
            await self.expectTimeOut("Metadata", hold) { _ = try await consumer.partitions(of: "t") }
        }
        try await self.withHangingBroker(on: .listOffsets) { consumer, hold in
            await self.expectTimeOut("ListOffsets", hold) { try await consumer.seek(self.partition, to: .end) }
        }
    }

    /// One partition has no leader. The other partitions' offsets are delayed no longer than the call's deadline, and
    /// the error names the reason.
    @Test func aPartitionWithoutALeaderDelaysACallNoLongerThanItsDeadline() async throws {
        try await self.clock.withCluster(brokers: 2) { kafka in
            try await kafka.createTopic("t", partitions: 2)
            var configuration = kafka.consuming()
            configuration.cluster.apiTimeout = .seconds(2)
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                try await kafka.stopBroker(2)
                let start = self.clock.now
                await #expect {
                    _ = try await consumer.endOffsets(of: [TopicPartition("t", 1)])
                } throws: {
                    guard let error = $0 as? KafkaError else { return false }
                    return error.partition == 1 && error.message.contains("attempts")
                }
                #expect(self.clock.now - start <= .seconds(2))
            }
        }
    }
}
