// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import EmbeddedKafka

@Suite(.timeLimit(.minutes(1))) struct PushTelemetryTests {
    private var configuration: EmbeddedKafka.Configuration {
        var configuration = EmbeddedKafka.Configuration()
        configuration.metricsSubscription = EmbeddedKafka.MetricsSubscription(
            prefixes: ["a.", "b."], interval: .seconds(60))
        configuration.metricsSubscription?.maxBytes = 1000
        configuration.metricsSubscription?.compressions = [.gzip]
        return configuration
    }

    private static let metrics = MetricsData(
        client: [.init("group_id", "g")],
        metrics: [
            .init("a.total", .deltaSum, 3, attributes: [.init("node_id", "node-1")], start: 1, time: 2),
            .init("a.gauge", .gauge, 4, time: 2), .init("b.total", .cumulativeSum, 5, start: 1, time: 2),
        ])

    private func push(_ id: KafkaUUID, _ change: (inout PushTelemetryRequest) -> Void = { _ in })
        -> PushTelemetryRequest
    {
        var request = PushTelemetryRequest()
        request.clientInstanceId = id
        request.subscriptionId = 1
        request.metrics = Self.metrics.encoded
        change(&request)
        return request
    }

    @Test func aClientIsToldTheSubscriptionAndKeepsItsID() async throws {
        try await withCluster(self.configuration) { _, client in
            var request = GetTelemetrySubscriptionsRequest()
            let answer = try await client.ask(request, version: 0)
            #expect(answer.errorCode == .none && answer.clientInstanceId != .zero)
            #expect(answer.requestedMetrics == ["a.", "b."] && answer.pushIntervalMs == 60_000)
            #expect(answer.telemetryMaxBytes == 1000 && answer.acceptedCompressionTypes == [1])
            #expect(answer.deltaTemporality)
            request.clientInstanceId = answer.clientInstanceId
            #expect(try await client.ask(request, version: 0).clientInstanceId == answer.clientInstanceId)
            let other = try await client.ask(GetTelemetrySubscriptionsRequest(), version: 0)
            #expect(other.clientInstanceId != answer.clientInstanceId)
        }
    }

    @Test func pushesAreKeptAsValues() async throws {
        try await withCluster(self.configuration) { kafka, client in
            let id = KafkaUUID(high: 1, low: 2)
            var request = self.push(id)
            request.compressionType = 1
            request.metrics = try CompressionCodec.gzip.compress(request.metrics)
            #expect(try await client.ask(request, version: 0).errorCode == .none)
            let push = try #require(try await kafka.pushedMetrics().first)
            #expect(push.clientID == "raw" && push.clientInstanceID == id && push.compression == .gzip)
            #expect(push.client == ["group_id": "g"] && !push.isLast)
            #expect(push.metrics.map(\.kind) == [.increase, .gauge, .total])
            #expect(push.metrics.map(\.value) == [3, 4, 5] && push.value(of: "a.gauge") == 4)
            #expect(push.metrics[0].labels == ["node_id": "node-1"] && push.value(of: "c") == nil)
        }
    }

    @Test func pushesAreRefusedAsKafkaRefusesThem() async throws {
        try await withCluster(self.configuration) { kafka, client in
            let id = KafkaUUID(high: 1, low: 2)
            let malformed = Bytes([0x0a, 0xff])
            let requests: [(PushTelemetryRequest, ErrorCode)] = [
                (self.push(.zero), .invalidRequest),
                (self.push(id) { $0.subscriptionId = 9 }, .unknownSubscriptionId),
                (self.push(id) { $0.compressionType = 4 }, .unsupportedCompressionType),
                (self.push(id) { $0.compressionType = 99 }, .unsupportedCompressionType),
                (self.push(id) { $0.metrics = Bytes(repeatElement(0, count: 1001)) }, .telemetryTooLarge),
                (self.push(id), .none), (self.push(id), .throttlingQuotaExceeded),
                (self.push(id) { $0.terminating = true }, .none),
                // The client is gone.
                (self.push(id), .invalidRequest),
                (self.push(KafkaUUID(high: 3, low: 4)) { $0.metrics = malformed }, .invalidRecord),
            ]
            for (index, (request, code)) in requests.enumerated() {
                let answer = try await client.ask(request, version: 0)
                #expect(answer.errorCode == code, "request \(index)")
            }
            let pushes = try await kafka.pushedMetrics()
            #expect(pushes.map(\.isLast) == [false, true])
        }
    }

    @Test func withoutASubscriptionTheAPIsAreNotOffered() async throws {
        try await withCluster { _, client in
            let answer = try await client.ask(ApiVersionsRequest.software("test", "1.0"), version: 4)
            let keys = answer.apiKeys.map(\.apiKey)
            #expect(!keys.contains(APIKey.pushTelemetry.rawValue))
            #expect(!keys.contains(APIKey.getTelemetrySubscriptions.rawValue))
        }
    }

    @Test func aSubscriptionThatCannotBeToldIsRefused() async throws {
        for interval in [.seconds(-1), .zero, .microseconds(999), .seconds(1 << 40)] as [Duration] {
            var impossible = self.configuration
            impossible.metricsSubscription?.interval = interval
            await #expect(throws: EmbeddedKafkaError.self) { try await EmbeddedKafka.start(impossible) }
        }
        for bytes in [Int.min, -1, 0, 1 << 31, .max] {
            var impossible = self.configuration
            impossible.metricsSubscription?.maxBytes = bytes
            await #expect(throws: EmbeddedKafkaError.self) { try await EmbeddedKafka.start(impossible) }
        }
    }

    @Test func onlySoManyClientsAreRemembered() {
        var receiver = MetricsReceiver(self.configuration.metricsSubscription, capacity: 10)
        func push(_ client: Int, at time: Int64) -> ErrorCode {
            receiver.take(
                self.push(KafkaUUID(high: 1, low: UInt64(client))), from: "c", now: MonotonicTime(nanoseconds: time))
        }
        for client in 0...MetricsReceiver.clientLimit {
            #expect(push(client, at: Int64(client)) == ErrorCode.none)
        }
        #expect(receiver.pushes.count == 10)
        let last = MetricsReceiver.clientLimit
        #expect(push(last, at: Int64(last)) == .throttlingQuotaExceeded)
        // The one that pushed first is forgotten, and so needn't wait.
        #expect(push(0, at: Int64(last)) == ErrorCode.none)
    }
}
