// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import Testing

@testable import AsyncKafka

/// The look-up of committed offsets in a group that has no coordinator.
@Suite(.timeLimit(.minutes(1))) struct CommittedLookupTests {
    private let partition = TopicPartition("t", 0)

    @Test("a group without a coordinator is told of, also to who chooses partitions by hand")
    func noCoordinator() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            kafka.inject(.fail(.coordinatorNotAvailable), on: .findCoordinator, times: nil)
            let log = EventLog()
            var configuration = kafka.consuming("g")
            configuration.cluster.log = EventLogSink(events: log)
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                try await consumer.pollsUntil { log.count("[warning] The group's committed offsets") > 0 }
                kafka.removeFaults()
                try await consumer.pollsUntil { log.count("[info] The group's committed offsets") > 0 }
                #expect(log.count("[warning]") == 1, "\(log.events)")
            }
        }
    }
}
