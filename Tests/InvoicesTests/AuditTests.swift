// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import invoices

@Suite struct AuditTests {
    private static let orders = [
        Order(number: 1, customer: "anna", cents: 100), Order(number: 2, customer: "ben", cents: 250),
        Order(number: 3, customer: "anna", cents: 50),
    ]

    /// Returns an audit of the orders with their invoices and totals, changed by `change`.
    private func problems(_ change: (inout [Invoice], inout [String: Total]) -> Void) -> [String] {
        var accounts = Accounts()
        var invoices = Self.orders.map { accounts.invoice($0) }
        var totals = accounts.totals
        change(&invoices, &totals)
        var audit = Audit()
        for order in Self.orders { audit.add(order) }
        for invoice in invoices { audit.add(invoice) }
        for (customer, total) in totals { audit.add(total, of: customer) }
        return audit.problems
    }

    @Test func anInvoiceHasTheCustomersTotal() {
        var accounts = Accounts()
        let totals = Self.orders.map { accounts.invoice($0).total }
        #expect(
            totals == [
                Total(invoices: 1, cents: 100), Total(invoices: 1, cents: 250), Total(invoices: 2, cents: 150),
            ])
        accounts.restore(Total(invoices: 7, cents: 1), of: "ben")
        #expect(accounts.invoice(Self.orders[1]).total == Total(invoices: 8, cents: 251))
    }

    @Test func nothingIsWrongIfEachOrderHasItsInvoice() {
        #expect(self.problems { _, _ in } == [])
        // Invoices of different customers are in different partitions.
        #expect(self.problems { invoices, _ in invoices.swapAt(0, 1) } == [])
    }

    @Test func missingDoubledInventedAndReorderedInvoicesAreFound() {
        #expect(self.problems { invoices, _ in invoices.removeLast() } == ["Order 3 of anna has no invoice."])
        #expect(
            self.problems { invoices, _ in invoices.append(invoices[1]) } == ["Order 2 of ben has 2 invoices."])
        #expect(
            self.problems { invoices, _ in
                invoices.append(Invoice(order: Order(number: 4, customer: "ben", cents: 1), total: Total()))
            } == ["There is an invoice for order 4 of ben, which doesn't exist."])
        #expect(
            self.problems { invoices, _ in invoices.swapAt(0, 2) } == [
                "Order 3 of anna has its invoice before order 1."
            ])
    }

    @Test func wrongTotalsAreFound() {
        #expect(
            self.problems { invoices, _ in
                invoices[2] = Invoice(order: invoices[2].order, total: Total(invoices: 1, cents: 50))
            } == ["The invoice for order 3 of anna has the total 1 50, and should have 2 150."])
        #expect(
            self.problems { _, totals in totals["ben"] = Total(invoices: 2, cents: 500) } == [
                "ben's total is 2 500, and should be 1 250."
            ])
        #expect(self.problems { _, totals in totals["ben"] = nil } == ["ben's total is 0 0, and should be 1 250."])
    }
}
