// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// An order. In Kafka, the key is the customer, and the value has the number and the amount, such as `17 1999`.
struct Order: Hashable, Sendable {
    let number: Int
    let customer: String
    let cents: Int

    /// Returns an example. The same number has the same order.
    static func example(_ number: Int, customers: Int) -> Order {
        let hash = UInt64(bitPattern: Int64(number)) &* 0x9e37_79b9_7f4a_7c15
        return Order(
            number: number, customer: "customer-\(hash >> 40 % UInt64(customers))",
            cents: 100 + Int(hash >> 20 & 0xffff))
    }
}

extension Order {
    func record(topic: String) -> ProducerRecord {
        ProducerRecord(topic: topic, key: Bytes(self.customer), value: Bytes("\(self.number) \(self.cents)"))
    }

    /// Creates the order in a record, or returns nil if there is none in it.
    init?(key: String?, value: String?) {
        guard let key, let numbers = value?.numbers(2) else { return nil }
        self.init(number: numbers[0], customer: key, cents: numbers[1])
    }
}

/// An invoice. In Kafka, the key is the customer, and the value has the order's number, the amount, and the customer's total
/// with it, such as `17 1999 45102`.
struct Invoice: Hashable, Sendable {
    let order: Order
    let total: Total
}

extension Invoice {
    func record(topic: String, partition: Int32) -> ProducerRecord {
        ProducerRecord(
            topic: topic, partition: partition, key: Bytes(self.order.customer),
            value: Bytes("\(self.order.number) \(self.order.cents) \(self.total.text)"))
    }

    /// Creates the invoice in a record, or returns nil if there is none in it.
    init?(key: String?, value: String?) {
        guard let key, let numbers = value?.numbers(4) else { return nil }
        self.init(
            order: Order(number: numbers[0], customer: key, cents: numbers[1]),
            total: Total(invoices: numbers[2], cents: numbers[3]))
    }
}

/// The sum of a customer's invoices. In Kafka, the key is the customer, and the value has the number of invoices and the sum,
/// such as `12 45102`.
struct Total: Hashable, Sendable {
    var invoices = 0
    var cents = 0

    var text: String { "\(self.invoices) \(self.cents)" }
}

extension Total {
    func record(of customer: String, topic: String, partition: Int32) -> ProducerRecord {
        ProducerRecord(topic: topic, partition: partition, key: Bytes(customer), value: Bytes(self.text))
    }

    /// Creates the total in a record, or returns nil if there is none in it.
    init?(value: String?) {
        guard let numbers = value?.numbers(2) else { return nil }
        self.init(invoices: numbers[0], cents: numbers[1])
    }
}

extension ConsumerRecord {
    /// The key and the value as text.
    var text: (key: String?, value: String?) {
        (self.key.flatMap { String($0) }, self.value.flatMap { String($0) })
    }
}

extension String {
    /// Returns this many numbers, separated by spaces, or nil if the text isn't that.
    fileprivate func numbers(_ count: Int) -> [Int]? {
        let numbers = self.split(separator: " ").map { Int($0) }
        return numbers.count == count && !numbers.contains(nil) ? numbers.compactMap(\.self) : nil
    }
}
