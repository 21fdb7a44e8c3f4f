// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The totals of the customers of one partition.
struct Accounts: Hashable, Sendable {
    private(set) var totals: [String: Total] = [:]

    /// Sets a customer's total to a stored one.
    mutating func restore(_ total: Total, of customer: String) {
        self.totals[customer] = total
    }

    /// Adds an order to its customer's total, and returns the invoice.
    mutating func invoice(_ order: Order) -> Invoice {
        var total = self.totals[order.customer, default: Total()]
        total.invoices += 1
        total.cents += order.cents
        self.totals[order.customer] = total
        return Invoice(order: order, total: total)
    }
}
