// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import Testing

@testable import invoices

@Suite struct CommandTests {
    private func arguments(_ line: String) throws -> Arguments {
        guard case .run(_, let arguments) = try Invoices.command.parse(line.split(separator: " ").map(String.init))
        else { throw UsageError("no command") }
        return arguments
    }

    @Test func commandsAreParsed() throws {
        let generate = try Generate(self.arguments("generate --orders 5 --customers 2 --first 11 --rate 10"))
        #expect(generate.orders == 5 && generate.customers == 2 && generate.first == 11 && generate.rate == 10)
        #expect(generate.topics.orders == "orders" && generate.topics.partitions == 6)
        let process = try Process(
            self.arguments("process --id a --transaction-timeout 10s --prefix eu- --partitions 8"))
        #expect(process.id == "a" && process.transactionTimeout == .seconds(10))
        #expect(process.topics.invoices == "eu-invoices" && process.topics.partitions == 8)
        #expect(process.topics.transactionalID("a") == "eu-invoices-a")
        #expect(try Check(self.arguments("check --wait 5s")).wait == .seconds(5))
    }

    @Test(arguments: [
        ("process", "--id is missing"), ("process --id a --transaction-timeout long", "it must be a duration"),
        ("generate --rate 0", "it must be a number from 1 to"), ("proces", "did you mean process?"),
    ])
    func wrongArgumentsAreExplained(line: String, complaint: String) {
        #expect {
            try self.arguments(line)
        } throws: {
            "\($0)".contains(complaint)
        }
    }
}
