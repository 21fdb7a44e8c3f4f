// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `invoices generate`: writes example orders.
struct Generate {
    private static let ordersOption = Option(
        "--orders", .number(in: 1...Int.max), "The number of orders. Default: 10000.")
    private static let customersOption = Option(
        "--customers", .number(in: 1...1_000_000), "The number of customers. Default: 100.")
    private static let firstOption = Option(
        "--first", .number(in: 1...Int.max / 2), "The number of the first order. Default: 1.")
    private static let rateOption = Option(
        "--rate", .number(in: 1...1_000_000), "The number of orders a second. Default: as many as Kafka takes.")

    static let command = Command(
        "generate", "writes example orders",
        takes: [Self.ordersOption, Self.customersOption, Self.firstOption, Self.rateOption] + Topics.options
    ) { try await Generate($0).run(on: .fromEnvironment()) }

    let orders: Int
    let customers: Int
    let first: Int
    let rate: Int?
    let topics: Topics

    init(_ arguments: Arguments) {
        self.orders = arguments[Self.ordersOption] ?? 10_000
        self.customers = arguments[Self.customersOption] ?? 100
        self.first = arguments[Self.firstOption] ?? 1
        self.rate = arguments[Self.rateOption]
        self.topics = Topics(arguments)
    }

    init(_ orders: Int, first: Int, rate: Int?, to topics: Topics) {
        self.orders = orders
        self.customers = 100
        self.first = first
        self.rate = rate
        self.topics = topics
    }

    func run(on cluster: KafkaClientConfiguration) async throws {
        try await KafkaAdminClient.withAdminClient(cluster) { try await self.topics.createIfMissing($0) }
        try await KafkaProducer.withProducer(ProducerConfiguration(cluster)) { producer in
            let start = ContinuousClock.now
            for made in 0..<self.orders {
                if let rate, made % max(rate / 50, 1) == 0 {
                    try await Task.sleep(until: start + .seconds(made) / rate)  // The pace.
                }
                let order = Order.example(self.first + made, customers: self.customers)
                try await producer.enqueue(order.record(topic: self.topics.orders))
            }
        }  // All orders are acknowledged here, or an error has been thrown.
        try say("\(self.orders) orders are in \(self.topics.orders).")
    }
}
