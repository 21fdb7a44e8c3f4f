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

/// After a coordinator let a request time out, other brokers are asked first, on any connection.
@Suite(.timeLimit(.minutes(1))) struct SilentCoordinatorTests {
    private let clock = TestClock()

    /// Returns the requests in a log that any broker can answer.
    private func questions(in events: ArraySlice<String>) -> [String] {
        events.filter { event in
            event.hasPrefix("[trace] Request ")
                && ["=Metadata ", "=FindCoordinator "].contains { event.contains("kafka.api\($0)") }
        }
    }

    @Test(arguments: [EmbeddedKafka.API.offsetCommit, .heartbeat, .leaveGroup])
    func anotherBrokerIsAskedFirst(after api: EmbeddedKafka.API) async throws {
        try await self.clock.withCluster(brokers: 2) { kafka in
            try await kafka.createTopic("t", replicationFactor: 2)
            let coordinator = try #require(try await kafka.coordinator(ofGroup: "g"))
            try await kafka.moveLeader(of: "t", partition: 0, to: coordinator)
            try await kafka.fill("t", 1)
            var configuration = kafka.consuming("g")
            configuration.enableAutoCommit = false
            configuration.closeTimeout = .seconds(8)
            // No other request times out.
            configuration.classic.sessionTimeout = api == .heartbeat ? .seconds(6) : .seconds(600)
            configuration.classic.heartbeatInterval = api == .heartbeat ? .milliseconds(500) : .seconds(300)
            configuration.cluster.requestTimeout = .seconds(600)
            configuration.cluster.apiTimeout = .seconds(2)
            // The only connection for requests that any broker can answer is to the coordinator, which is also the
            // partition's leader.
            configuration.cluster.bootstrapServers = [kafka.bootstrapServers[coordinator - 1]]
            let log = EventLog()
            configuration.cluster.log = EventLogSink(events: log, minimum: .trace)
            let hold = EmbeddedKafka.Hold()
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                defer { hold.release() }
                for try await _ in consumer.records { break }
                kafka.inject(.hold(hold), broker: coordinator, times: nil)
                let before = log.events.count
                switch api {
                case .offsetCommit:
                    let start = self.clock.now
                    let failure = await #expect(throws: KafkaError.self) { try await consumer.commit() }
                    #expect(self.clock.now - start == .seconds(2))
                    #expect(failure?.code == .timedOut)
                    #expect(failure?.isOutcomeUnknown == true)
                    _ = try await consumer.core.cluster.refreshedMetadata(
                        deadline: consumer.core.loop.now + .seconds(30))
                case .leaveGroup:
                    try await consumer.unsubscribe()
                default:
                    try await consumer.pollsUntil { !self.questions(in: log.events.dropFirst(before)).isEmpty }
                }
                // A request on a hanging connection never reaches the broker, so the client's log is checked.
                let asked = self.questions(in: log.events.dropFirst(before))
                let address = kafka.bootstrapServers[coordinator - 1]
                #expect(asked.first.map { !$0.contains(address) } == true, "\(asked)")
            }
        }
    }
}
