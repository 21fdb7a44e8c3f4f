// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Compares orders with the invoices and totals that were written for them.
struct Audit: Sendable {
    private(set) var orderCount = 0
    private(set) var invoiceCount = 0
    /// By customer, in the order of the log.
    private var orders: [String: [Order]] = [:]
    private var invoices: [String: [Invoice]] = [:]
    private var totals: [String: Total] = [:]

    mutating func add(_ order: Order) {
        self.orderCount += 1
        self.orders[order.customer, default: []].append(order)
    }

    mutating func add(_ invoice: Invoice) {
        self.invoiceCount += 1
        self.invoices[invoice.order.customer, default: []].append(invoice)
    }

    /// Adds a customer's total, which replaces an earlier one.
    mutating func add(_ total: Total, of customer: String) {
        self.totals[customer] = total
    }

    /// What isn't as it should be, in sentences. Empty if each order has exactly one invoice, the invoices of each customer are
    /// in the order of the orders, and all totals are right.
    var problems: [String] {
        var problems: [String] = []
        let customers = Set(self.orders.keys).union(self.invoices.keys).union(self.totals.keys)
        for customer in customers.sorted() {
            var accounts = Accounts()
            let expected = (self.orders[customer] ?? []).map { accounts.invoice($0) }
            problems += Self.problems(of: customer, expected: expected, found: self.invoices[customer] ?? [])
            let total = self.totals[customer] ?? Total()
            if total != expected.last?.total ?? Total() {
                problems.append(
                    "\(customer)'s total is \(total.text), and should be \((expected.last?.total ?? Total()).text).")
            }
        }
        return problems
    }

    private static func problems(of customer: String, expected: [Invoice], found: [Invoice]) -> [String] {
        guard found != expected else { return [] }
        var problems: [String] = []
        let counts = found.reduce(into: [Order: Int]()) { $0[$1.order, default: 0] += 1 }
        let wanted = expected.reduce(into: [Order: Int]()) { $0[$1.order, default: 0] += 1 }
        for (order, count) in counts.sorted(by: { $0.key.number < $1.key.number }) where wanted[order] != count {
            problems.append(
                wanted[order] == nil
                    ? "There is an invoice for order \(order.number) of \(customer), which doesn't exist."
                    : "Order \(order.number) of \(customer) has \(count) invoices.")
        }
        for order in expected.map(\.order) where counts[order] == nil {
            problems.append("Order \(order.number) of \(customer) has no invoice.")
        }
        if problems.isEmpty, let (wrong, right) = zip(found, expected).first(where: { $0 != $1 }) {
            problems.append(
                wrong.order == right.order
                    ? "The invoice for order \(wrong.order.number) of \(customer) has the total \(wrong.total.text), and "
                        + "should have \(right.total.text)."
                    : "Order \(wrong.order.number) of \(customer) has its invoice before order \(right.order.number).")
        }
        return problems
    }
}
