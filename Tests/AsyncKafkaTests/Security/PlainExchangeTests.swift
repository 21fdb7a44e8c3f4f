// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import Testing

@testable import AsyncKafka

@Suite struct PlainExchangeTests {
    @Test func theMessageMatchesRFC4616() throws {
        var exchange = PlainExchange(credentials: SASLCredentials(username: "ü", password: "p w"))
        let first = try exchange.respond(to: nil)
        #expect(first == .send("\0ü\0p w"))
        let second = try exchange.respond(to: "")
        #expect(second == .done)
    }

    /// A NUL would terminate the name or change the user.
    @Test(arguments: [("", "p"), ("u\0admin", "p"), ("u", "p\0x"), ("\0", "p")])
    func aNameOrPasswordThatContainsNULIsNotSent(username: String, password: String) {
        var exchange = PlainExchange(credentials: SASLCredentials(username: username, password: Secret(password)))
        let error = #expect(throws: KafkaError.self) { try exchange.respond(to: nil) }
        #expect(error?.code == .authenticationFailed)
        #expect(error?.message.contains(password) == false || password == "p")
    }
}
