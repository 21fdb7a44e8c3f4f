// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport
import Testing

@testable import AsyncKafka

@Suite struct JSONWebTokenTests {
    private func jwt(_ claims: String) -> Secret {
        let parts = [#"{"alg":"none"}"#, claims].map { JSONWebToken.encode(Array($0.utf8)) }
        return Secret(parts.joined(separator: ".") + ".c2ln")
    }

    @Test func theExpirationTimeAndTheSubjectAreRead() throws {
        let token = try OAuthBearerToken(
            jwt: self.jwt(#"{"aud":["a","sub"],"sub":"service-1","exp":1700000000.5,"x":{"exp":1,"sub":"no"}}"#),
            extensions: ["cluster": "a"])
        #expect(token.expiresAt == Timestamp(millisecondsSince1970: 1_700_000_000_500))
        #expect(token.subject == "service-1")
        #expect(token.extensions == ["cluster": "a"])
        #expect(!"\(token)".contains("c2ln"))
    }

    @Test(arguments: [
        (#""a\"b\\c\/d""#, "a\"b\\c/d"), (#""\u00e4\ud83d\ude00\n""#, "ä😀\n"), (#""ü""#, "ü"), (#""""#, ""),
    ])
    func aSubjectMayContainJSONEscapes(json: String, expected: String) throws {
        #expect(try OAuthBearerToken(jwt: self.jwt(#"{"exp":1e10,"sub":\#(json)}"#)).subject == expected)
    }

    @Test(arguments: [#"{"exp":1}"#, #"{"exp":1,"sub":5}"#, #"{"exp":1,"sub":"\x"}"#, #"{"exp":1,"sub":"\u12"}"#])
    func aTokenNeedsNoSubject(claims: String) throws {
        #expect(try OAuthBearerToken(jwt: self.jwt(claims)).subject == nil)
    }

    @Test func theSubjectFollowsAChangeOfTheToken() throws {
        var token = try OAuthBearerToken(jwt: self.jwt(#"{"sub":"service-1","exp":1e10}"#))
        token.value = self.jwt(#"{"sub":"service-2"}"#)
        #expect(token.subject == "service-2")
        token.value = "opaque"
        #expect(token.subject == nil)
        #expect(OAuthBearerToken(self.jwt(#"{"sub":"service-3"}"#), lifetime: .seconds(60)).subject == "service-3")
    }

    @Test func datesInTheFarFutureAreAccepted() throws {
        #expect(try OAuthBearerToken(jwt: self.jwt(#"{"exp":1e300}"#)).expiresAt.millisecondsSince1970 > 1 << 50)
        #expect(try OAuthBearerToken(jwt: self.jwt(#"{"exp":-5}"#)).expiresAt.millisecondsSince1970 == 0)
    }

    @Test(arguments: [
        "opaque-token", "a.b", "", "a.b.c.d", "e30.%%%.x",
    ])
    func textThatIsNoJWTIsRefusedWithoutBeingQuoted(text: String) {
        let error = #expect(throws: KafkaError.self) { try OAuthBearerToken(jwt: Secret(text)) }
        #expect(error?.code == .invalidArgument)
        if text.count > 3 { #expect(error?.description.contains(text) == false) }
    }

    @Test(arguments: [#"{"sub":"a"}"#, #"{"exp":"tomorrow"}"#, "[1]", "no json"])
    func aTokenWithoutAnExpirationTimeIsRefused(claims: String) {
        let error = #expect(throws: KafkaError.self) { try OAuthBearerToken(jwt: self.jwt(claims)) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("lifetime") == true)
    }
}
