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

/// The look-up of the group's offsets at a coordinator that does not answer, or isn't there.
@Suite(.timeLimit(.minutes(1))) struct CommittedLookupTests {
    private let partition = TopicPartition("t", 0)

    @Test("a look-up that hangs is given up while the session lasts", arguments: [true, false])
    func hanging(isSubscribed: Bool) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .offsetFetch)
            var configuration = kafka.consuming("g")
            configuration.sessionTimeout = .seconds(6)
            configuration.cluster.requestTimeout = .seconds(300)
            configuration.cluster.apiTimeout = .seconds(600)
            let body: (KafkaConsumer) async throws -> Void = { consumer in
                var records: [ConsumerRecord] = []
                try await consumer.pollsUntil {
                    records = try await consumer.poll(timeout: .milliseconds(50))
                    return !records.isEmpty
                }
                #expect(records.map(\.text) == ["v0"])
            }
            if isSubscribed {
                try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"], body)
            } else {
                try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition], body)
            }
            hold.release()
        }
    }

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
