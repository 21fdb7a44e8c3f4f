// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import Foundation
import KafkaTestSupport
import Testing

@testable import struct order_service.Endpoint
@testable import struct order_service.EnrichedOrder
@testable import struct order_service.OrderService
@testable import struct order_service.PatientPrices
@testable import class order_service.Status

/// An embedded broker with the topics of the service, which runs in this process with prices that the test decides on.
struct Stage {
    let kafka: EmbeddedKafka
    let prices = ScriptedPrices()
    private let partitions = 3

    static func run(_ body: (Stage) async throws -> Void) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let stage = Stage(kafka: kafka)
            for topic in [OrderService.orders, OrderService.enrichedOrders, OrderService.deadLetters] {
                try await kafka.createTopic(
                    topic, partitions: stage.partitions, configuration: ["max.message.bytes": "4000000"])
            }
            try await body(stage)
        }
    }

    // MARK: The service

    struct Running {
        let port: Int
        fileprivate let stop: AsyncStream<Never>.Continuation
        fileprivate let ended: AsyncStream<Never>

        /// Does what SIGTERM does.
        func terminate() { self.stop.finish() }

        func untilEnded() async {
            for await _ in self.ended {}
        }

        func get(_ path: String) async throws -> HTTPReply {
            try #require(await HTTPReply.get(path, port: self.port))
        }
    }

    /// Runs the service until the body has ended, and it has ended itself.
    ///
    /// It asks three times for a price. One lookup that fails is enough for it to be degraded.
    func withService(timeout: Duration = .seconds(30), _ body: (Running) async throws -> Void) async throws {
        var prices = PatientPrices(source: self.prices, timeout: timeout)
        prices.pauses = [.milliseconds(1), .milliseconds(1)]
        var cluster = KafkaClientConfiguration(bootstrapServers: self.kafka.bootstrapServers)
        cluster.log = NoLog()
        let endpoint = try Endpoint(address: "127.0.0.1", port: 0)
        let service = OrderService(
            cluster: cluster, prices: prices, endpoint: endpoint, status: Status(tolerance: .zero))
        let (stops, stop) = AsyncStream<Never>.makeStream()
        let (ended, end) = AsyncStream<Never>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { end.finish() }
                try await service.run {
                    for await _ in stops {}
                }
            }
            try await body(Running(port: Int(endpoint.port), stop: stop, ended: ended))
            stop.finish()
            for try await _ in group {}
        }
    }

    // MARK: The topics

    /// Writes orders one after the other, and waits until they are stored.
    func write(_ orders: [ProducerRecord]) async throws {
        var writing = ProducerConfiguration(KafkaClientConfiguration(bootstrapServers: self.kafka.bootstrapServers))
        writing.maxRequestSize = 4_000_000
        try await KafkaProducer.withProducer(writing) { producer in
            for order in orders { try await producer.enqueue(order) }
        }
    }

    func order(_ item: String, quantity: Int = 1, key: Bytes = "anna", headers: [RecordHeader] = []) -> ProducerRecord {
        ProducerRecord(
            topic: OrderService.orders, key: key, value: Bytes(#"{"item": "\#(item)", "quantity": \#(quantity)}"#),
            headers: headers)
    }

    /// Waits until this many orders are enriched, and returns all that are.
    func enriched(_ count: Int) async throws -> [EnrichedOrder] {
        try await self.kafka.waitForRecords(count, in: OrderService.enrichedOrders).map { record in
            try JSONDecoder().decode(EnrichedOrder.self, from: Data(try #require(record.value)))
        }
    }

    /// Expects that the group has committed all orders that there are, except for this many.
    func expectAllIsCommitted(but missing: Int64 = 0, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        var uncommitted: Int64 = 0
        for partition in 0..<self.partitions {
            let end = try await self.kafka.offsets(of: OrderService.orders, partition: partition).upperBound
            let committed = try await self.kafka.committedOffset(
                of: OrderService.group, topic: OrderService.orders, partition: partition)
            uncommitted += end - (committed ?? 0)
        }
        #expect(uncommitted == missing, sourceLocation: sourceLocation)
    }
}

private struct NoLog: KafkaLog {
    func isEnabled(_ level: KafkaLogLevel) -> Bool { false }
    func log(_ level: KafkaLogLevel, _ message: String, metadata: [(key: String, value: String)]) {}
}
