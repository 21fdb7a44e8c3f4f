// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import Testing

@testable import AsyncKafka

@Suite struct OAuthBearerExchangeTests {
    private func exchange(_ token: OAuthBearerToken, _ more: [String: String] = [:]) throws -> OAuthBearerExchange {
        try OAuthBearerExchange(token: token, extensions: more)
    }

    private func token(_ value: Secret = "abc.DEF-123_~+/==", _ extensions: [String: String] = [:]) -> OAuthBearerToken
    {
        OAuthBearerToken(value, lifetime: .seconds(60), extensions: extensions)
    }

    @Test func theMessageMatchesRFC7628() throws {
        var exchange = try self.exchange(self.token())
        let first = try exchange.respond(to: nil)
        #expect(first == .send("n,,\u{1}auth=Bearer abc.DEF-123_~+/==\u{1}\u{1}"))
        let second = try exchange.respond(to: Bytes())
        #expect(second == .done)
    }

    /// A renewal that has to wait may discard its exchange and make another (`isExpired`).
    @Test func anExchangeThatNeverBeginsDoesNotWarnInPlaceOfTheNext() throws {
        final class Provider: OAuthBearerTokenProvider {
            struct Down: Error {}
            private let failure = Lock<Down?>(Down())

            func token() async throws -> OAuthBearerToken { throw Down() }
            func takeReplacementFailure() -> (any Error)? {
                self.failure.withLock { failure in
                    defer { failure = nil }
                    return failure
                }
            }
        }
        let provider = Provider()
        _ = try OAuthBearerExchange(token: self.token(), provider: provider)
        let second = try OAuthBearerExchange(token: self.token(), provider: provider)
        #expect(second.warning?.contains("Down") == true)
        #expect(second.warning == nil, "it is logged once")
    }

    @Test func theMessageWithoutExtensionsHasNone() throws {
        var exchange = try self.exchange(self.token("t", ["b": "2", "A": "own"]), ["A": "general", "c": "3 3"])
        let first = try exchange.respond(to: nil)
        #expect(first == .send("n,,\u{1}auth=Bearer t\u{1}A=own\u{1}b=2\u{1}c=3 3\u{1}\u{1}"))
    }

    @Test(arguments: ["auth", "", "a b", "a1", "ä", "a="])
    func extensionNamesAreLettersAndNeverAuth(name: String) {
        let error = #expect(throws: KafkaError.self) { try self.exchange(self.token("t", [name: "v"])) }
        #expect(error?.code == .authenticationFailed)
    }

    @Test(arguments: ["\u{1}", "a\u{1}b=c", "ü"])
    func extensionValuesCannotContainTheSeparator(value: String) {
        #expect(throws: KafkaError.self) { try self.exchange(self.token("t", ["a": value])) }
    }

    /// Brokers say only that the credentials are invalid.
    @Test func anExtensionWithoutAValueIsRefusedAndNamed() {
        for (own, general) in [(["cluster": ""], [:]), ([:], ["cluster": ""])] {
            let error = #expect(throws: KafkaError.self) { try self.exchange(self.token("t", own), general) }
            #expect(error?.code == .authenticationFailed)
            #expect(error?.message.contains("\"cluster\" has an empty value") == true)
        }
        #expect(throws: Never.self) { try self.exchange(self.token("t", ["cluster": " "])) }
    }

    @Test(arguments: ["", "=", "a b", "a\u{1}b", "a=b", "a\r\nb", "ü"])
    func aTokenWithInvalidCharactersIsNeverSent(value: String) throws {
        let error = #expect(throws: KafkaError.self) { try self.exchange(self.token(Secret(value))) }
        if value.count > 1 { #expect(error?.description.contains(value) == false) }
    }

    @Test func aTokenThatTheServerEchoesIsNotInErrors() throws {
        var exchange = try self.exchange(self.token("top-secret"))
        _ = try exchange.respond(to: nil)
        _ = try exchange.respond(to: #"{"status":"invalid_token","token":"top-secret"}"#)
        #expect(exchange.refusal == #"{"status":"invalid_token","token":"<redacted>"}"#)
        // Nor is a part of it, where the text is truncated.
        exchange = try self.exchange(self.token("top-secret"))
        _ = try exchange.respond(to: nil)
        _ = try exchange.respond(to: Bytes(String(repeating: "x", count: 995) + "top-secret"))
        #expect(exchange.refusal?.contains("top") == false)
    }

    @Test func aRefusalIsAnsweredWithTheRequiredByteAndKept() throws {
        var exchange = try self.exchange(self.token())
        _ = try exchange.respond(to: nil)
        let answer = try exchange.respond(to: #"{"status":"invalid_token"}"#)
        #expect(answer == .send(Bytes([1] as [UInt8])))
        #expect(exchange.refusal == #"{"status":"invalid_token"}"#)
    }

    @Test func anExchangeIsPrintedWithoutItsMessage() throws {
        let exchange = try self.exchange(self.token("very-secret"))
        var dumped = ""
        dump(exchange, to: &dumped)
        for text in ["\(exchange)", String(reflecting: exchange), dumped] {
            #expect(!text.contains("very-secret"), "\(text)")
        }
    }

    @Test func secretsAreNotPrinted() {
        let token = self.token("very-secret", ["a": "b"])
        var dumped = ""
        dump(token, to: &dumped)
        for text in ["\(token)", String(reflecting: token), dumped, "\(token.value)", String(reflecting: token.value)] {
            #expect(!text.contains("very-secret"), "\(text)")
        }
        let credentials = SASLCredentials(username: "u", password: "very-secret")
        let security = KafkaSecurity.sasl(.plain(username: "u", password: "very-secret"), over: .plaintext)
        for text in ["\(credentials)", String(reflecting: credentials), "\(security)", String(reflecting: security)] {
            #expect(!text.contains("very-secret"), "\(text)")
        }
    }
}
