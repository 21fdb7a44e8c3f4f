// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka
import Foundation

/// Writes an invoice for each order, and the total of each customer, exactly once: processes may be killed and paused,
/// brokers may fail, and those who read committed records find one invoice for each order.
///
/// Start reading with `Commands/Process.swift` and `Ledger.swift`, which contain the transactions and the state.
@main
struct Invoices {
    static let command = Command(
        "invoices", "writes one invoice for each order, exactly once",
        details: """
            Without a command, it runs `demo`.

            BOOTSTRAP_SERVERS says where Kafka is: host:port, several of them separated by commas; localhost:9092 if it isn't \
            set.
            """,
        examples: [
            Command.Example("invoices", "All of it, without a cluster"),
            Command.Example(
                "invoices process --id billing-1", "A process of the service; start several, with other ids"),
        ],
        subcommands: [Generate.command, Process.command, Check.command, Demo.command])

    static func main() async {
        let words = CommandLine.arguments.dropFirst()
        do {
            exit(
                try await Self.command.run(
                    words.isEmpty ? [Demo.command.name] : words, width: 100, write: say, complain: complain))
        } catch {
            complain("invoices: \(error)")
            exit(1)
        }
    }
}
