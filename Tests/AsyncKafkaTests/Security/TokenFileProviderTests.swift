// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import AsyncKafka

/// Tokens in a file that another process renews.
@Suite(.timeLimit(.minutes(1))) final class TokenFileProviderTests {
    private let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).jwt")

    deinit {
        try? FileManager.default.removeItem(at: self.file)
    }

    private func write(_ text: String) throws {
        try Data(text.utf8).write(to: self.file)
    }

    /// Returns a token.
    ///
    /// - Parameter claims: The token's claims, in JSON.
    private func jwt(_ claims: String) -> String {
        "e30.\(JSONWebToken.encode(Array(claims.utf8))).c2ln"
    }

    private func jwt(expiresIn seconds: Int) -> String {
        self.jwt(#"{"sub":"x","exp":\#(Int(Date().timeIntervalSince1970) + seconds)}"#)
    }

    private func error(_ provider: TokenFileProvider) -> KafkaError? {
        #expect(throws: KafkaError.self) { try provider.token() }
    }

    @Test func aRenewedTokenIsUsedAtOnce() throws {
        let provider = TokenFileProvider(self.file.path)
        for seconds in [600, 700] {
            let token = self.jwt(expiresIn: seconds)
            try self.write("\n \(token)\r\n")
            let given = try provider.token()
            #expect(given.value.text == token)
            #expect(given.expiresAt.millisecondsSince1970 % 1000 == 0)
            #expect(
                given.expiresAt
                    == Timestamp(millisecondsSince1970: Int64(try #require(JSONWebToken.expiry(of: token))) * 1000))
        }
    }

    @Test func aMissingFileMayAppearLater() throws {
        let provider = TokenFileProvider(self.file.path)
        let error = try #require(self.error(provider))
        #expect(error.isRetriable)
        #expect(error.code == .authenticationFailed)
        #expect(error.message.contains(self.file.path))
        #expect(error.message.contains("doesn't exist"))
        try self.write(self.jwt(expiresIn: 600))
        _ = try provider.token()
    }

    @Test func anExpiredTokenIsNotReturned() throws {
        let token = self.jwt(expiresIn: -1)
        try self.write(token)
        let error = try #require(self.error(TokenFileProvider(self.file.path)))
        #expect(error.message.contains("has expired"))
        #expect(error.isRetriable)
        #expect(!error.description.contains(token))
    }

    @Test(arguments: [
        ("", "is empty"), (" \n", "is empty"), ("a.b.c\nd.e.f", "more in it than one"), ("tøken", "no text"),
    ])
    func aFileWithoutATokenIsAnError(text: String, expected: String) throws {
        try self.write(text)
        let provider = TokenFileProvider(self.file.path, opaqueTokenLifetime: .seconds(60))
        #expect(self.error(provider)?.message.contains(expected) == true)
    }

    @Test func aFileThatIsTooLargeIsNotRead() throws {
        try self.write(String(repeating: "x", count: 3 << 20))
        let provider = TokenFileProvider(self.file.path, opaqueTokenLifetime: .seconds(60))
        #expect(self.error(provider)?.message.contains("too large") == true)
    }

    @Test func aTokenWithoutAnExpirationTimeRequiresTheSetting() throws {
        for token in ["no-jwt-at-all", self.jwt("{}"), "e30..x", "half.of-a"] {
            try self.write(token)
            let error = try #require(self.error(TokenFileProvider(self.file.path)))
            #expect(error.message.contains("opaqueTokenLifetime"))
            #expect(!error.message.contains(token))
            let given = try TokenFileProvider(self.file.path, opaqueTokenLifetime: .seconds(600)).token()
            let left = Double(given.expiresAt.millisecondsSince1970) / 1000 - Date().timeIntervalSince1970
            #expect(abs(left - 600) < 20)
        }
    }

    @Test(
        arguments: [
            (#"{"exp":1300819380}"#, 1_300_819_380), (#" {"a":"\"exp\":1","exp" : 12.5e1 }"#, 125),
            (#"{"a":{"exp":1,"b":[{"exp":2}]},"exp":-3}"#, -3), (#"{"exp":1,"exp":2}"#, 2), (#"{"exp":"1"}"#, nil),
            (#"{"a":"exp","b":1}"#, nil), (#"{"a":{"exp":1}}"#, nil), (#"{"exp":[1]}"#, nil), (#"["exp",1]"#, nil),
            (#"{"exp":1"#, nil), (#"{"exp":1-1}"#, nil), (#"{"a":"\"#, nil), ("", nil), ("}", nil), ("1", nil),
        ] as [(String, Double?)])
    func theExpirationTimeIsTheTopLevelExp(claims: String, expected: Double?) {
        #expect(JSONWebToken.expiry(of: self.jwt(claims)) == expected)
    }

    /// The token of RFC 7519, section 3.1.
    @Test func theExampleOfTheStandardIsRead() {
        let token =
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
            + ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
            + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        #expect(JSONWebToken.expiry(of: token) == 1_300_819_380)
    }

    @Test func deeplyNestedTextNeedsNoStack() {
        let deep = "{\"a\":" + String(repeating: "[", count: 500_000)
        #expect(JSONWebToken.expiry(of: self.jwt(deep)) == nil)
    }
}
