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

@Suite(.timeLimit(.minutes(2))) struct TelemetryTests {
    private let clock = TestClock()

    private func broker(_ subscription: EmbeddedKafka.MetricsSubscription?) -> EmbeddedKafka.Configuration {
        var configuration = EmbeddedKafka.Configuration()
        configuration.metricsSubscription = subscription
        return configuration
    }

    private static let producerPrefix = "org.apache.kafka.producer."
    private static let consumerPrefix = "org.apache.kafka.consumer."

    // MARK: What is pushed

    @Test func aProducerPushesWhatItCountsUnderKafkasNames() async throws {
        try await self.clock.withCluster(.wantingMetrics()) { kafka in
            let configuration = kafka.producing {
                $0.cluster.clientID = "orders"
                $0.cluster.rack = "a"
                $0.linger = .milliseconds(40)
            }
            try await KafkaProducer.withProducer(configuration) { producer in
                for _ in 0..<3 { _ = try await producer.send(.telemetry()) }
                let start = self.clock.now
                let first = try #require(try await kafka.waitForMetrics(timeout: .seconds(60)) { $0.count == 1 }.first)
                #expect(self.clock.now - start > .seconds(4) && self.clock.now - start < .seconds(16))
                #expect(first.clientID == "orders" && first.client == ["client_rack": "a"] && !first.isLast)
                #expect(first.clientInstanceID == (try await producer.clientInstanceID()))
                func value(_ name: String) -> Double? { first.value(of: Self.producerPrefix + name) }
                #expect(value("record.send.total") == 3)
                #expect(value("record.queue.time.avg") == 40 && value("record.queue.time.max") == 40)
                #expect(value("connection.creation.total") == 1 && value("connection.count") == 1)
                #expect((value("connection.creation.rate") ?? 0) > 0)
                #expect(value("produce.throttle.time.avg") == 0 && value("produce.throttle.time.max") == 0)
                #expect(value("buffer.total.bytes") == Double(configuration.bufferMemory))
                #expect(value("request.latency.avg") != nil && value("request.latency.max") != nil)
                let latency = first.metrics.filter { $0.name.contains("node.request.latency") }
                #expect(latency.map { String($0.name.suffix(3)) } == ["avg", "max"])
                #expect(latency.allSatisfy { $0.labels == ["node_id": "node-1"] && $0.kind == .gauge })
                #expect(first.metrics.allSatisfy { $0.name.hasPrefix(Self.producerPrefix) })
                #expect(first.metrics.allSatisfy { ($0.kind == .increase) == $0.name.hasSuffix(".total") })
                // No label has what users name.
                #expect(first.metrics.flatMap(\.labels.keys).allSatisfy { $0 == "node_id" })
            }
        }
    }

    @Test func aConsumerPushesWhatItCountsUnderKafkasNames() async throws {
        try await self.clock.withCluster(.wantingMetrics(every: .seconds(20)), atMost: .seconds(120)) { kafka in
            try await kafka.createTopic("t", partitions: 2)
            var producing = kafka.producing()
            producing.cluster.enableMetricsPush = false
            try await KafkaProducer.withProducer(producing) { producer in
                for _ in 0..<5 { _ = try await producer.send(.telemetry()) }
            }
            var configuration = kafka.consuming("g")
            configuration.groupInstanceID = "one"
            try await KafkaConsumer.withConsumer(configuration, subscribedTo: ["t"]) { consumer in
                var count = 0
                for try await _ in consumer.records {
                    count += 1
                    if count == 5 { break }
                }
                // Half of the reader's time is its own.
                try await self.clock.sleep(for: .seconds(2))
                try await consumer.commit()
                _ = try await consumer.poll(timeout: .seconds(2))
                _ = try await consumer.poll(timeout: .zero)
                let id = try await consumer.clientInstanceID()
                let first = try #require(
                    try await kafka.waitForMetrics(timeout: .seconds(60)) { !$0.isEmpty }.first)
                #expect(first.clientInstanceID == id)
                #expect(first.client["group_id"] == "g" && first.client["group_instance_id"] == "one")
                #expect(first.client["group_member_id"]?.isEmpty == false)
                func value(_ name: String) -> Double? { first.value(of: Self.consumerPrefix + name) }
                #expect(value("coordinator.assigned.partitions") == 2)
                #expect(value("coordinator.commit.total") == 1 && value("coordinator.commit.latency.max") != nil)
                #expect(value("coordinator.rebalance.total") == 1)
                #expect(value("coordinator.rebalance.latency.avg") == value("coordinator.rebalance.latency.total"))
                #expect(value("fetch.manager.records.consumed.total") == 5)
                #expect(value("fetch.manager.records.lag.max") == 0)
                #expect(value("fetch.manager.fetch.latency.avg").map { $0 <= 100 } == true)
                let idle = try #require(value("poll.idle.ratio.avg"))
                #expect(idle > 0.3 && idle < 0.9, "\(idle)")
                #expect(value("connection.creation.total") ?? 0 >= 2)
                #expect(first.metrics.allSatisfy { $0.name.hasPrefix(Self.consumerPrefix) })
            }
        }
    }

    @Test func theLastPushOfAConsumerHasThePartitionsAndTheMemberFromBeforeItLeft() async throws {
        try await self.clock.withCluster(.wantingMetrics(every: .seconds(100))) { kafka in
            try await kafka.createTopic("t", partitions: 2)
            try await kafka.fill("t", 3)
            let consumer = try KafkaConsumer(kafka.consuming("g"))
            try consumer.subscribe(to: ["t"])
            async let run: Void = consumer.run()
            var count = 0
            while count < 3 { count += try await consumer.poll(timeout: .seconds(10)).count }
            let id = try await consumer.clientInstanceID()
            let member = try #require(consumer.statistics().group?.memberID)
            consumer.triggerGracefulShutdown()
            _ = try await consumer.poll(timeout: .seconds(10))
            try await run
            let push = try #require(try await kafka.pushedMetrics().last { $0.clientInstanceID == id })
            #expect(push.isLast && push.client == ["group_id": "g", "group_member_id": member])
            func value(_ name: String) -> Double? { push.value(of: Self.consumerPrefix + name) }
            #expect(value("coordinator.assigned.partitions") == 2)
            // The commit on closing counts.
            #expect(value("coordinator.commit.total") == 1 && value("fetch.manager.records.consumed.total") == 3)
            #expect(try await consumer.clientInstanceID() == id, "known after closing")
        }
    }

    @Test func theLastPushOfATransactionalProducerHasItsTransactions() async throws {
        try await self.clock.withCluster(.wantingMetrics(every: .seconds(100))) { kafka in
            try await KafkaTransactionalProducer.withProducer(kafka.producing(), transactionalID: "x") { producer in
                _ = try await producer.clientInstanceID()
                try await producer.withTransaction { transaction in
                    for _ in 0..<3 { try await transaction.enqueue(.telemetry()) }
                }
            }
            let pushes = try await kafka.pushedMetrics()
            #expect(pushes.map(\.isLast) == [true] && pushes.first?.sentRecords == 3)
            #expect(pushes.first?.client == ["transactional_id": "x"])
        }
    }

    @Test func withoutAcknowledgementsTheLastPushFollowsTheRecords() async throws {
        try await self.clock.withCluster(.wantingMetrics(every: .seconds(100))) { kafka in
            let configuration = kafka.producing {
                $0.acks = .none
                $0.enableIdempotence = false
            }
            try await KafkaProducer.withProducer(configuration) { producer in
                _ = try await producer.clientInstanceID()
                for _ in 0..<3 { try await producer.enqueue(.telemetry()) }
            }
            let pushes = try await kafka.pushedMetrics()
            #expect(pushes.map(\.isLast) == [true] && pushes.first?.sentRecords == 3)
            #expect(try await kafka.values("t").count == 3)
        }
    }

    @Test func theIncreasesOfAllPushesAreTheTotalAndTheLastPushIsMadeOnClosing() async throws {
        try await self.clock.withCluster(.wantingMetrics(), atMost: .seconds(120)) { kafka in
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                for count in 1...4 {
                    for _ in 0..<count { _ = try await producer.send(.telemetry()) }
                    try await kafka.waitForMetrics(timeout: .seconds(60)) { $0.count == count }
                }
                for _ in 0..<5 { try await producer.enqueue(.telemetry()) }
            }
            let pushes = try await kafka.pushedMetrics()
            #expect(pushes.map(\.sentRecords) == [1, 2, 3, 4, 5])
            #expect(pushes.map(\.isLast) == [false, false, false, false, true])
            #expect(Set(pushes.map(\.clientInstanceID)).count == 1)
        }
    }

    @Test func aSubscriptionChoosesMetricsCompressionAndTotals() async throws {
        var subscription = EmbeddedKafka.MetricsSubscription(
            prefixes: [Self.producerPrefix + "record.send.", "org.apache.kafka.consumer"], interval: .seconds(10))
        subscription.usesIncreases = false
        subscription.compressions = [.gzip]
        try await self.clock.withCluster(self.broker(subscription)) { kafka in
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                for count in 1...2 {
                    _ = try await producer.send(.telemetry())
                    try await kafka.waitForMetrics(timeout: .seconds(60)) { $0.count == count }
                }
            }
            let pushes = try await kafka.pushedMetrics()
            #expect(pushes.map { $0.metrics.first?.value } == [1, 2, 2])
            #expect(
                pushes.flatMap(\.metrics).allSatisfy {
                    $0.name == Self.producerPrefix + "record.send.total" && $0.kind == .total
                        || $0.name == Self.producerPrefix + "record.send.rate" && $0.kind == .gauge
                })
            #expect(pushes.allSatisfy { $0.compression == .gzip && $0.metrics.count == 2 })
        }
    }

    @Test func withoutACommonCodecMetricsArePushedAsTheyAre() async throws {
        var subscription = EmbeddedKafka.MetricsSubscription(interval: .seconds(10))
        subscription.compressions = []
        try await self.clock.withCluster(self.broker(subscription)) { kafka in
            try await KafkaProducer.withProducer(kafka.producing()) { _ in
                let pushes = try await kafka.waitForMetrics(timeout: .seconds(60)) { !$0.isEmpty }
                #expect(pushes.first?.compression == CompressionCodec.none)
            }
        }
    }

    // MARK: When nothing is pushed

    @Test func nothingIsAskedOfBrokersThatTakeNoMetrics() async throws {
        try await self.clock.withCluster(self.broker(nil), atMost: .seconds(900)) { kafka in
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                _ = try await producer.send(.telemetry())
                let error = await #expect(throws: KafkaError.self) { try await producer.clientInstanceID() }
                #expect(error?.code == .unsupportedVersion && error?.message.contains("metric.reporters") == true)
                try await self.clock.sleep(for: .seconds(700))
            }
            #expect(kafka.telemetryRequests == 0)
        }
    }

    @Test func nothingIsAskedIfTheSettingTurnsItOff() async throws {
        try await self.clock.withCluster(.wantingMetrics(), atMost: .seconds(120)) { kafka in
            try await KafkaProducer.withProducer(kafka.producing { $0.cluster.enableMetricsPush = false }) { producer in
                _ = try await producer.send(.telemetry())
                try await self.clock.sleep(for: .seconds(30))
                let error = await #expect(throws: KafkaError.self) { try await producer.clientInstanceID() }
                #expect(error?.code == .illegalState && error?.message.contains("enableMetricsPush") == true)
            }
            try await KafkaAdminClient.withAdminClient(kafka.clientConfiguration) { admin in
                _ = try await admin.describeCluster()
                try await self.clock.sleep(for: .seconds(30))
            }
            #expect(kafka.telemetryRequests == 0)
        }
    }

    @Test func aBrokerThatWantsNoMetricIsAskedAgainAtTheIntervalAndGetsNone() async throws {
        let nothing = EmbeddedKafka.MetricsSubscription(prefixes: [], interval: .seconds(10))
        try await self.clock.withCluster(self.broker(nothing)) { kafka in
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                _ = try await producer.clientInstanceID()
                try await self.clock.sleep(for: .seconds(35))
            }
            #expect(kafka.requests.count { $0.api == .getTelemetrySubscriptions } == 4)
            #expect(kafka.requests.count { $0.api == .pushTelemetry } == 0)
        }
    }

    @Test func aClientWithoutAnIDFromTheBrokerGivesItselfOne() async throws {
        try await self.clock.withCluster(.wantingMetrics(), atMost: .seconds(600)) { kafka in
            kafka.rewrite(GetTelemetrySubscriptionsRequest.self, times: nil) { _, _, response in
                response.clientInstanceId = .zero
                response.pushIntervalMs = -1
                response.telemetryMaxBytes = -1
            }
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                let id = try await producer.clientInstanceID()
                let start = self.clock.now
                #expect(id != .zero)
                let pushes = try await kafka.waitForMetrics(timeout: .seconds(500)) { !$0.isEmpty }
                #expect(pushes.first?.clientInstanceID == id)
                #expect(self.clock.now - start >= .seconds(150), "Kafka's interval is 5 min")
            }
        }
    }

    @Test func theWaitForTheIDCanBeCancelled() async throws {
        try await self.clock.withCluster(.wantingMetrics()) { kafka in
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .getTelemetrySubscriptions)
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                await hold.untilHeld()
                let start = self.clock.now
                let wait = Task { try await producer.clientInstanceID() }
                try await self.clock.sleep(for: .seconds(1))
                wait.cancel()
                let error = await #expect(throws: KafkaError.self) { try await wait.value }
                #expect(error?.code == .cancelled && self.clock.now - start == .seconds(1))
                let timeout = await #expect(throws: KafkaError.self) {
                    try await producer.clientInstanceID(timeout: .seconds(2))
                }
                #expect(timeout?.code == .timedOut && self.clock.now - start == .seconds(3))
                hold.release()
                _ = try await producer.clientInstanceID()
            }
        }
    }

    // MARK: Refusals

    @Test(arguments: [
        (ErrorCode.unknownSubscriptionId, true), (.unsupportedCompressionType, true), (.telemetryTooLarge, true),
        (.throttlingQuotaExceeded, true), (.invalidRecord, false), (.invalidRequest, false),
    ])
    func aRefusedPushIsLostOrFollowedByAnother(code: ErrorCode, goesOn: Bool) async throws {
        try await self.clock.withCluster(.wantingMetrics(), atMost: .seconds(120)) { kafka in
            let log = KeptLog(minimum: .warning)
            try await KafkaProducer.withProducer(kafka.producing { $0.cluster.log = log }) { producer in
                kafka.inject(.fail(code), on: .pushTelemetry)
                _ = try await producer.send(.telemetry())
                await kafka.untilRequests(of: .pushTelemetry)
                if goesOn {
                    let push = try await kafka.waitForMetrics(timeout: .seconds(60)) { !$0.isEmpty }
                    // What the refused push had is in the next one.
                    #expect(push.first?.sentRecords == 1)
                    #expect(kafka.requests.count { $0.api == .getTelemetrySubscriptions } == 2)
                } else {
                    try await self.clock.sleep(for: .seconds(60))
                    #expect(kafka.requests.count { $0.api == .pushTelemetry } == 1)
                }
                _ = try await producer.send(.telemetry("still works"))
            }
            let warnings = log.lines(.warning)
            if code == .telemetryTooLarge {
                #expect(warnings.count == 1 && warnings[0].contains("larger than it takes"), "\(warnings)")
            } else {
                #expect(warnings.count == (goesOn ? 0 : 1), "\(warnings)")
                #expect(warnings.allSatisfy { $0.contains("refuses this client's metrics") })
            }
        }
    }

    @Test func afterARefusedQuestionTheClientHasNoID() async throws {
        try await self.clock.withCluster(.wantingMetrics()) { kafka in
            kafka.inject(.fail(.invalidRequest), on: .getTelemetrySubscriptions, times: nil)
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                let error = await #expect(throws: KafkaError.self) { try await producer.clientInstanceID() }
                #expect(error?.code == .closed)
                _ = try await producer.send(.telemetry())
            }
            #expect(kafka.telemetryRequests == 1)
        }
    }

    @Test func aPushThatTheBrokerWouldRefuseAsTooLargeIsNotSent() async throws {
        var subscription = EmbeddedKafka.MetricsSubscription(interval: .seconds(10))
        subscription.maxBytes = 100
        try await self.clock.withCluster(self.broker(subscription), atMost: .seconds(120)) { kafka in
            let log = KeptLog(minimum: .warning)
            try await KafkaProducer.withProducer(kafka.producing { $0.cluster.log = log }) { producer in
                _ = try await producer.send(.telemetry())
                try await self.clock.sleep(for: .seconds(80))
            }
            #expect(kafka.pushedTo == [])
            #expect(kafka.requests.count { $0.api == .getTelemetrySubscriptions } > 2)
            // Said once, not at each interval.
            #expect(log.lines(.warning).count == 1, "\(log.lines(.warning))")
        }
    }
}
