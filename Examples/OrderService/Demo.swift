// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka

/// Runs `body` with a broker in this process, on which an order is written every 100 ms.
func withDemoCluster(
    _ log: any KafkaLog, _ body: (_ bootstrapServers: [String]) async throws -> Void
) async throws {
    try await EmbeddedKafka.withBroker { kafka in
        for topic in [OrderService.orders, OrderService.enrichedOrders, OrderService.deadLetters] {
            try await kafka.createTopic(topic, partitions: 3)
        }
        var cluster = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers)
        cluster.log = log
        async let _: Void = writeOrders(cluster)
        try await body(kafka.bootstrapServers)
    }
}

/// Every tenth order is for an item that nobody has, or can't be read.
private func writeOrders(_ cluster: KafkaClientConfiguration) async throws {
    try await KafkaProducer.withProducer(ProducerConfiguration(cluster)) { producer in
        for number in 1... {
            let value =
                switch number % 20 {
                case 0: "two teas, please"
                case 10: #"{"item": "unicorn", "quantity": 1}"#
                default: #"{"item": "\#(number.isMultiple(of: 2) ? "tea" : "coffee")", "quantity": \#(number % 5 + 1)}"#
                }
            try await producer.enqueue(
                ProducerRecord(topic: OrderService.orders, key: "customer-\(number % 7)", value: value))
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
