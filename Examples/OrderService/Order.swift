// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation

/// An order. In Kafka, it is JSON such as `{"item": "tea", "quantity": 3}`, and the key is the customer.
struct Order: Codable, Hashable, Sendable {
    let item: String
    let quantity: Int
}

// snippet: order-from-json
extension Order {
    /// Reads the value of a record.
    init(_ value: Bytes?) throws(Unprocessable) {
        guard let value else { throw .noValue }
        guard let order = try? JSONDecoder().decode(Order.self, from: Data(value)), order.quantity > 0 else {
            throw .malformed
        }
        self = order
    }
}
// snippet end

/// An order with its price. Amounts are in cents.
struct EnrichedOrder: Codable, Hashable, Sendable {
    let item: String
    let quantity: Int
    let price: Int
    let total: Int
}

extension EnrichedOrder {
    init(_ order: Order, price: Int) throws(Unprocessable) {
        let (total, isTooMuch) = order.quantity.multipliedReportingOverflow(by: price)
        guard !isTooMuch else { throw .malformed }
        self.init(item: order.item, quantity: order.quantity, price: price, total: total)
    }

    // snippet: order-to-json
    /// The value of a record.
    var json: Bytes {
        get throws { Bytes(try JSONEncoder().encode(self)) }
    }
    // snippet end
}
