// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import Testing

@testable import AsyncKafka

@Suite struct GSSAPIExchangeTests {
    /// A context that needs one response, and protects messages with brackets.
    private struct Scripted: SecurityContext {
        func step(_ token: [UInt8]?) throws(KafkaError) -> SecurityContextStep {
            guard token == Array("challenge".utf8) else { throw .authenticationFailed("forged") }
            return SecurityContextStep(token: [], isComplete: true)
        }

        func wrap(_ message: [UInt8]) throws(KafkaError) -> [UInt8] { [0x5b] + message + [0x5d] }

        func unwrap(_ message: [UInt8]) throws(KafkaError) -> [UInt8] {
            guard message.first == 0x5b, message.last == 0x5d else { throw .authenticationFailed("forged") }
            return Array(message.dropFirst().dropLast())
        }
    }

    private func exchange(as authorizationID: String? = nil) -> GSSAPIExchange {
        GSSAPIExchange(
            Scripted(), first: SecurityContextStep(token: Array("ticket".utf8), isComplete: false),
            authorizationID: authorizationID, now: 1_000_000)
    }

    @Test func anOldTokenIsNotSent() {
        let exchange = self.exchange()
        for (time, isExpired) in [(0, false), (30_000, false), (30_001, true), (3_600_000, true), (-1, true)] {
            #expect(exchange.isExpired(at: Timestamp(millisecondsSince1970: 1_000_000 + Int64(time))) == isExpired)
        }
    }

    @Test func theContextIsEstablishedAndNoSecurityLayerIsNegotiated() throws {
        var exchange = self.exchange(as: "bob")
        let first = try exchange.respond(to: nil)
        #expect(first == .send("ticket"))
        let empty = try exchange.respond(to: "challenge")
        #expect(empty == .send(""))
        let answer = try exchange.respond(to: Bytes([0x5b, 7, 0, 0x10, 0, 0x5d] as [UInt8]))
        #expect(answer == .send(Bytes([0x5b, 1, 0, 0, 0] + Array("bob".utf8) + [0x5d])))
        let end = try exchange.respond(to: "")
        #expect(end == .done)
    }

    @Test func noAuthorizationIDIsSentByDefault() throws {
        var exchange = self.exchange()
        _ = try exchange.respond(to: nil)
        _ = try exchange.respond(to: "challenge")
        let answer = try exchange.respond(to: Bytes([0x5b, 1, 0, 0, 0, 0x5d] as [UInt8]))
        #expect(answer == .send(Bytes([0x5b, 1, 0, 0, 0, 0x5d] as [UInt8])))
    }

    @Test(
        arguments: [
            ([0x5b, 6, 0, 0, 0, 0x5d], "insists on a security layer"),
            ([0x5b, 1, 0, 0, 0x5d], "3 bytes"),
            ([0x5b, 1, 0, 0, 0, 0, 0x5d], "5 bytes"),
            ([1, 0, 0, 0], "forged"),
            ([], "forged"),
        ] as [([UInt8], String)])
    func unusableSecurityLayersAreRefused(offer: [UInt8], reason: String) throws {
        var exchange = self.exchange()
        _ = try exchange.respond(to: nil)
        _ = try exchange.respond(to: "challenge")
        let error = #expect(throws: KafkaError.self) { try exchange.respond(to: Bytes(offer)) }
        #expect(error?.code == .authenticationFailed)
        #expect(error?.message.contains(reason) == true, "\(String(describing: error))")
    }

    @Test func aBrokerThatFailsToAuthenticateIsRefused() throws {
        var exchange = self.exchange()
        _ = try exchange.respond(to: nil)
        let error = #expect(throws: KafkaError.self) { try exchange.respond(to: "other") }
        #expect(error?.code == .authenticationFailed)
    }
}
