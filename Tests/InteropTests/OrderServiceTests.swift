// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaMemory
import KafkaTestSupport
import Testing

@testable import struct order_service.OrderService

extension InteropTests {
    /// The example `OrderService` on a cluster of which a broker fails.
    @Suite(.timeLimit(.minutes(5)), .enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"), .threeBrokers)
    struct OrderServiceOnACluster {
        private let partitions = 3
        private let customers = 50

        @Test func itIsDegradedWhileABrokerIsAwayThenReadyAndLosesNoOrder() async throws {
            let cluster = try await ThreeBrokers.ready()
            // Without copies, so that partitions can neither be read nor written while their broker is away.
            for topic in [OrderService.orders, OrderService.enrichedOrders] {
                try await cluster.createTopic(topic, partitions: self.partitions, replicationFactor: 1)
            }
            try await cluster.createTopic(OrderService.deadLetters, partitions: self.partitions)
            let service = try await OrderServiceProgram(on: cluster.bootstrapServers)
            try await service.untilHealth(200)

            let client = TestCluster.real(cluster)
            let count = try await client.withProducer { producer in
                let isWriting = Lock(true)
                async let written = self.writeOrders(producer, while: isWriting)
                let before = try await service.untilMetric("orders_enriched_total", isAtLeast: 100)

                let victim = try await cluster.leaders(of: OrderService.orders)[0]
                await cluster.kill(victim)
                var degraded = ""
                try await eventually("the consumer is degraded") {
                    let health = await service.get("/health")
                    degraded = health?.body ?? ""
                    return health?.status == 503 && degraded.contains("consumer: ")
                }
                #expect(degraded.contains("\(OrderService.orders)-0"))
                #expect(await service.get("/live")?.status == 200)
                let during = try #require(await service.get("/metrics")?.metric("orders_enriched_total"))
                #expect(during >= before)

                try await cluster.restart(victim)
                try await service.untilHealth(200)
                try await service.untilMetric("orders_enriched_total", isAtLeast: during + 100)
                isWriting.withLock { $0 = false }
                let count = try await written
                try await producer.flush()
                return count
            }
            try await service.untilMetric("orders_enriched_total", isAtLeast: Double(count))
            #expect(await service.get("/metrics")?.metric(#"orders_dead_letters_total{reason="malformed"}"#) == 0)
            try await service.untilHealth(200)
            await service.process.stop(within: .seconds(30))
            #expect(service.process.status == 0, "\(service.process.errors)")
            try await self.expectEachOrderIsThere(count, client)
        }

        /// Writes orders with their numbers in a header, while the flag is set. Returns their number.
        private func writeOrders(_ producer: KafkaProducer, while isWriting: Lock<Bool>) async throws -> Int {
            var number = 0
            while isWriting.withLock({ $0 }) {
                let order = ProducerRecord(
                    topic: OrderService.orders, key: Bytes("customer-\(number % self.customers)"),
                    value: #"{"item": "tea", "quantity": 2}"#, headers: [RecordHeader("number", "\(number)")])
                try await producer.enqueue(order)
                number += 1
                // The rate of the orders.
                try await Task.sleep(for: .milliseconds(5))
            }
            return number
        }

        /// Expects that each order is enriched, and that those of each customer are in their order, apart from repetitions.
        private func expectEachOrderIsThere(_ count: Int, _ client: TestCluster) async throws {
            let records = try await client.readAll(of: OrderService.enrichedOrders, partitions: self.partitions)
            let numbers = try records.map { record in
                try #require(
                    record.headers.first { $0.key == "number" }.flatMap { String($0.value) }.flatMap { Int($0) })
            }
            #expect(Set(numbers) == Set(0..<count))
            for customer in 0..<self.customers {
                var seen: Set<Int> = []
                let firsts = numbers.filter { $0 % self.customers == customer && seen.insert($0).inserted }
                #expect(firsts == firsts.sorted(), "customer \(customer)")
            }
            say("order-service: \(count) orders, \(records.count - count) written twice")
        }
    }
}
