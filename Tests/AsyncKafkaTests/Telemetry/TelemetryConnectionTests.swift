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

/// The connections that metrics are pushed on, and what happens if they or their brokers fail.
@Suite(.timeLimit(.minutes(2))) struct TelemetryConnectionTests {
    private let clock = TestClock()

    /// Lets the answers to Produce request a pause.
    private func throttle(_ kafka: EmbeddedKafka, broker: Int? = nil, for pause: Duration) {
        kafka.rewrite(ProduceRequest.self, broker: broker, times: nil) { _, _, response in
            response.throttleTimeMs = Int32(pause / .milliseconds(1))
        }
    }

    // MARK: Closing

    @Test func theLastPushHasThreeSeconds() async throws {
        try await self.clock.withCluster(.wantingMetrics()) { kafka in
            let hold = EmbeddedKafka.Hold()
            let producer = try KafkaProducer(kafka.producing())
            async let run: Void = producer.run()
            _ = try await producer.clientInstanceID()
            kafka.inject(.hold(hold), on: .pushTelemetry, times: nil)
            let start = self.clock.now
            producer.triggerGracefulShutdown()
            try await run
            #expect(self.clock.now - start == .seconds(3))
            hold.release()
        }
    }

    @Test func aThrottledProducerClosesWithoutALastPush() async throws {
        try await self.clock.withCluster(.wantingMetrics()) { kafka in
            self.throttle(kafka, for: .seconds(20))
            let producer = try KafkaProducer(kafka.producing())
            async let run: Void = producer.run()
            _ = try await producer.clientInstanceID()
            _ = try await producer.send(.telemetry())
            let start = self.clock.now
            producer.triggerGracefulShutdown()
            try await run
            #expect(self.clock.now == start && kafka.pushedTo == [])
        }
    }

    // MARK: Several brokers

    @Test func aClientStaysWithItsBrokerAlsoIfAnotherHasLessToDo() async throws {
        try await self.clock.withCluster(.wantingMetrics(brokers: 2), atMost: .seconds(300)) { kafka in
            try await kafka.createTopic("t", partitions: 2)
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                _ = try await producer.clientInstanceID()
                let broker = try #require(kafka.requests.last { $0.api == .getTelemetrySubscriptions }?.broker)
                // A request to the broker is always under way, and seldom one to the other.
                kafka.inject(.delay(.seconds(1)), on: .produce, broker: broker, times: nil)
                repeat {
                    async let one = producer.send(.telemetry(partition: 0))
                    async let other = producer.send(.telemetry(partition: 1))
                    _ = try await (one, other)
                } while kafka.pushedTo.count < 5
                #expect(Set(kafka.pushedTo) == [broker])
            }
        }
    }

    @Test func anotherBrokerTakesTheMetricsWhenOneThrottlesTheClient() async throws {
        try await self.clock.withCluster(.wantingMetrics(brokers: 2), atMost: .seconds(120)) { kafka in
            try await kafka.createTopic("t", partitions: 2)
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                for partition in 0..<2 as Range<Int32> {
                    _ = try await producer.send(.telemetry(partition: partition))
                }
                try await kafka.waitForMetrics(timeout: .seconds(60)) { !$0.isEmpty }
                let first = try #require(kafka.pushedTo.first)
                self.throttle(kafka, broker: first, for: .seconds(25))
                async let one = producer.send(.telemetry(partition: 0))
                async let other = producer.send(.telemetry(partition: 1))
                _ = try await (one, other)
                let start = self.clock.now
                try await kafka.waitForMetrics(timeout: .seconds(60)) { $0.count == 2 }
                #expect(kafka.pushedTo == [first, 3 - first])
                #expect(self.clock.now - start <= .seconds(10), "at the interval")
            }
        }
    }

    @Test func anotherBrokerTakesTheMetricsWhenOneStops() async throws {
        try await self.clock.withCluster(.wantingMetrics(brokers: 2), atMost: .seconds(600)) { kafka in
            try await kafka.createTopic("t", partitions: 1)
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                _ = try await producer.send(.telemetry())
                try await kafka.waitForMetrics(timeout: .seconds(60)) { !$0.isEmpty }
                let first = try #require(kafka.pushedTo.first)
                try await kafka.stopBroker(first)
                try await kafka.waitForMetrics(timeout: .seconds(400)) { $0.count == 2 }
                #expect(kafka.pushedTo == [first, 3 - first])
            }
        }
    }

    // MARK: Trouble

    @Test func aPushWithoutAnAnswerIsNotMadeAgain() async throws {
        try await self.clock.withCluster(.wantingMetrics(), atMost: .seconds(180)) { kafka in
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                _ = try await producer.send(.telemetry())
                kafka.inject(.closeAfterWork, on: .pushTelemetry)
                try await kafka.waitForMetrics(timeout: .seconds(60)) { !$0.isEmpty }
                _ = try await producer.send(.telemetry("on a new connection"))
                let pushes = try await kafka.waitForMetrics(timeout: .seconds(120)) { $0.count == 2 }
                // The broker has counted the first record, which the client can't know.
                #expect(pushes.map(\.sentRecords) == [1, 1])
                #expect(pushes[0].clientInstanceID == pushes[1].clientInstanceID)
            }
        }
    }

    @Test func aClientWithoutAConnectionGoesOnWhenOneOpens() async throws {
        try await self.clock.withCluster(.wantingMetrics(), atMost: .seconds(300)) { kafka in
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                _ = try await producer.send(.telemetry())
                try await kafka.waitForMetrics(timeout: .seconds(60)) { !$0.isEmpty }
                try await kafka.stopBroker(1)
                // The next push is due, and there is no connection for it.
                try await self.clock.sleep(for: .seconds(60))
                let questions = kafka.requests.count { $0.api == .getTelemetrySubscriptions }
                try await kafka.startBroker(1)
                _ = try await producer.send(.telemetry("on a new connection"))
                let start = self.clock.now
                await kafka.untilRequests(of: .getTelemetrySubscriptions, count: questions + 1)
                #expect(self.clock.now == start)
                let pushes = try await kafka.waitForMetrics(timeout: .seconds(60)) { $0.count == 2 }
                #expect(pushes.map(\.sentRecords) == [1, 1])
            }
        }
    }

    @Test func pushesThatAreNeverAnsweredAreGivenUp() async throws {
        try await self.clock.withCluster(.wantingMetrics(), atMost: .seconds(900)) { kafka in
            let log = KeptLog(minimum: .warning)
            try await KafkaProducer.withProducer(kafka.producing { $0.cluster.log = log }) { producer in
                kafka.inject(.dropAnswer, on: .pushTelemetry, times: nil)
                // Each one takes the connection with it, and the records follow on the next.
                repeat {
                    _ = try await producer.send(.telemetry())
                    try await self.clock.sleep(for: .seconds(5))
                } while kafka.pushedTo.count < 3
                let requests = kafka.telemetryRequests
                for _ in 0..<20 {
                    _ = try await producer.send(.telemetry())
                    try await self.clock.sleep(for: .seconds(10))
                }
                #expect(kafka.telemetryRequests == requests)
            }
            let warnings = log.lines(.warning).filter { $0.contains("metrics") }
            #expect(warnings.count == 1 && warnings[0].contains("don't answer"), "\(warnings)")
        }
    }

    @Test func aLoginThatIsRefusedWhenItIsRenewedDoesNotEndTelemetry() async throws {
        var configuration = EmbeddedKafka.Configuration.wantingMetrics(every: .milliseconds(100))
        configuration.users = ["alice": "secret"]
        configuration.maxSession = .seconds(1)
        configuration.listeners = [EmbeddedKafka.Listener("SASL", mechanisms: [.plain])]
        try await self.clock.withCluster(configuration) { kafka in
            let log = KeptLog(minimum: .debug)
            let producing = kafka.producing {
                $0.cluster.bootstrapServers = kafka.bootstrapServers(of: "SASL")
                $0.cluster.security = .sasl(.plain(username: "alice", password: "secret"), over: .plaintext)
                $0.cluster.sessionRenewal = 0.5..<0.51
                $0.cluster.log = log
            }
            try await KafkaProducer.withProducer(producing) { producer in
                _ = try await producer.send(.telemetry())
                // Brokers take no second login within a second, so a push is due while the connection waits to renew it.
                kafka.inject(.fail(.saslAuthenticationFailed), on: .saslAuthenticate)
                try await self.clock.until { log.count(beginning: "A broker didn't answer about metrics") == 1 }
                let pushes = try await kafka.pushedMetrics().count
                _ = try await producer.send(.telemetry("on a new connection"))
                let all = try await kafka.waitForMetrics(timeout: .seconds(20)) { $0.count > pushes + 20 }
                #expect(all.compactMap(\.sentRecords).reduce(0, +) == 2)
            }
            #expect(log.count(beginning: "The broker refuses this client's metrics") == 0)
        }
    }
}
