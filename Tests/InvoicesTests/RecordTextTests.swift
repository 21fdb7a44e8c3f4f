// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Testing

@testable import invoices

/// Orders, invoices and totals as they are written to Kafka and read from it.
@Suite struct RecordTextTests {
    private let order = Order(number: 17, customer: "anna", cents: 1999)

    @Test func anOrderIsReadAsItWasWritten() {
        let record = self.order.record(topic: "orders")
        #expect(record.key == "anna" && record.value == "17 1999" && record.partition == nil)
        #expect(Order(key: "anna", value: "17 1999") == self.order)
    }

    @Test func anInvoiceAndATotalAreInThePartitionOfTheirOrder() {
        let invoice = Invoice(order: self.order, total: Total(invoices: 3, cents: 4000))
        let record = invoice.record(topic: "invoices", partition: 4)
        #expect(record.key == "anna" && record.value == "17 1999 3 4000" && record.partition == 4)
        #expect(Invoice(key: "anna", value: "17 1999 3 4000") == invoice)
        let total = invoice.total.record(of: "anna", topic: "totals", partition: 4)
        #expect(total.key == "anna" && total.value == "3 4000" && total.partition == 4)
        #expect(Total(value: "3 4000") == invoice.total)
    }

    @Test(arguments: ["", "17", "17 many", "17 1999 3", "17 99999999999999999999"])
    func otherTextsAreNoOrders(value: String) {
        #expect(Order(key: "anna", value: value) == nil)
        #expect(Order(key: nil, value: "17 1999") == nil)
        #expect(Order(key: "anna", value: nil) == nil)
    }
}
