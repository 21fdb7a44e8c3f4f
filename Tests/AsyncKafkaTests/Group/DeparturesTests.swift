// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0
import EmbeddedKafka
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// The request with which a member leaves is sent to its end, whatever the consumer does meanwhile: otherwise the group would keep
/// the member, and its partitions, until its session ends.
@Suite(.timeLimit(.minutes(1))) struct DeparturesTests {
    private let clock = TestClock()
    private let log = EventLog()

    private func configuration(_ kafka: EmbeddedKafka, _ handover: HandoverProtocol) -> ConsumerConfiguration {
        var configuration = kafka.consuming("g", handover)
        configuration.maxPollInterval = .seconds(10)
        configuration.cluster.log = EventLogSink(events: self.log)
        return configuration
    }

    /// Runs `body` with a member that has a partition, while the coordinator refuses requests of one API for a second.
    private func withMember(
        _ configuration: @escaping @Sendable (EmbeddedKafka) -> ConsumerConfiguration, refused api: EmbeddedKafka.API,
        on broker: EmbeddedKafka.Configuration = HandoverProtocol.broker, until event: String,
        _ body: @escaping @Sendable (EmbeddedKafka, KafkaConsumer) async throws -> Void
    ) async throws {
        let (clock, log) = (self.clock, self.log)
        try await clock.withCluster(broker) { kafka in
            try await kafka.createTopic("t")
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    await log.until { events in events.contains { $0.contains(event) } }
                    try await clock.sleep(for: .seconds(1))
                    kafka.removeFaults()
                }
                try await KafkaConsumer.withConsumer(configuration(kafka), subscribedTo: ["t"]) { consumer in
                    try await consumer.pollsUntil { !consumer.assignment.isEmpty }
                    kafka.inject(.fail(.coordinatorLoadInProgress), on: api, times: nil)
                    try await body(kafka, consumer)
                    await log.until { events in events.contains { $0.contains(event) } }
                }
                #expect(try await kafka.group("g")?.members.isEmpty == true)
                #expect(log.count("could not be left") == 0)
                try await tasks.waitForAll()
            }
        }
    }

    @Test(arguments: HandoverProtocol.allCases)
    func aMemberThatDoesNotReadLeavesAlsoIfTheConsumerClosesThen(handover: HandoverProtocol) async throws {
        let api: EmbeddedKafka.API = handover == .consumer ? .consumerGroupHeartbeat : .leaveGroup
        try await self.withMember(
            { self.configuration($0, handover) }, refused: api, until: "has not asked for records"
        ) { _, _ in }
    }

    @Test func aMemberThatChangesTheProtocolLeavesAlsoIfTheConsumerClosesThen() async throws {
        var broker = HandoverProtocol.broker
        broker.groupVersion = 0
        try await self.withMember(
            { kafka in
                var configuration = self.configuration(kafka, .eager)
                configuration.groupProtocol = .automatic(
                    classic: ClassicGroupProtocol(heartbeatInterval: .milliseconds(50)))
                return configuration
            }, refused: .leaveGroup, on: broker, until: "joining by the consumer protocol"
        ) { kafka, consumer in
            kafka.inject(.fail(.inconsistentGroupProtocol), on: .joinGroup)
            // The member keeps its id.
            kafka.inject(.fail(.illegalGeneration), on: .heartbeat)
            try await consumer.pollsUntil { self.log.count("joining by the consumer protocol") == 1 }
        }
    }

    @Test(arguments: HandoverProtocol.allCases)
    func aTaskThatIsCancelledWhileItUnsubscribesDoesNotTakeTheDepartureWithIt(handover: HandoverProtocol) async throws {
        try await self.clock.withCluster(HandoverProtocol.broker) { kafka in
            try await kafka.createTopic("t")
            let configuration = self.configuration(kafka, handover)
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                try await consumer.pollsUntil { !consumer.assignment.isEmpty }
                let start = self.clock.now
                // The first attempts fail.
                let api: EmbeddedKafka.API = handover == .consumer ? .consumerGroupHeartbeat : .leaveGroup
                kafka.inject(.fail(.coordinatorLoadInProgress), on: api, times: 5)
                let task = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    try await consumer.unsubscribe()
                }
                _ = await task.result
                try await kafka.untilEmpty("g", on: self.clock)
                #expect(self.clock.now - start < .seconds(5))
            }
        }
    }
}
