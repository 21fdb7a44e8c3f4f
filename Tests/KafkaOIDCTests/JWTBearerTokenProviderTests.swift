// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation
import KafkaMemory
import KafkaTestSupport
import Testing

@testable import KafkaOIDC

@Suite(.timeLimit(.minutes(1))) struct JWTBearerTokenProviderTests {
    private static let good = HTTPServer.Answer.json(#"{"access_token":"token-of-alice","expires_in":300}"#)

    private func assertion(_ privateKey: JWTAssertion.PrivateKey) -> JWTAssertion {
        JWTAssertion(privateKey: privateKey, issuer: "client-1", subject: "alice/ü", audience: "https://login/token")
    }

    private func bytes(_ part: Substring) throws -> [UInt8] {
        let standard = String(part.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        let padding = String(repeating: "=", count: (4 - standard.count % 4) % 4)
        return Array(try #require(Data(base64Encoded: standard + padding)))
    }

    /// Decodes the JSON of a part of a JWT.
    private func json(_ part: Substring) throws -> [String: Any] {
        let json = try JSONSerialization.jsonObject(with: Data(try self.bytes(part)))
        return try #require(json as? [String: Any])
    }

    @Test(arguments: [(TestKey.Kind.rsa2048, "RS256"), (.p256, "ES256")])
    func anAssertionIsSignedAndSent(kind: TestKey.Kind, algorithm: String) async throws {
        let key = try TestKey(kind)
        let server = try HTTPServer { _, _ in Self.good }
        var endpoint = TokenEndpoint(server.url())
        endpoint.additionalParameters = ["client_id": "client-1"]
        var assertion = self.assertion(.pem(try key.pem()))
        assertion.keyID = "key-7"
        assertion.additionalClaims = ["tenant": "a \"b\""]
        let provider = try JWTBearerTokenProvider(endpoint, assertion: assertion, scope: "kafka")
        let before = Int(Date().timeIntervalSince1970)
        for _ in 0..<2 { #expect(try await provider.token().value.text == "token-of-alice") }
        let after = Int(Date().timeIntervalSince1970)

        let form = try #require(server.requests.first).form
        #expect(form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer")
        #expect(form["scope"] == "kafka")
        #expect(form["client_id"] == "client-1")
        let sent = try #require(form["assertion"])
        #expect(!sent.contains("=") && !sent.contains("+") && !sent.contains("/"))
        let parts = sent.split(separator: ".")
        try #require(parts.count == 3)
        #expect(key.hasSigned(Array("\(parts[0]).\(parts[1])".utf8), try self.bytes(parts[2])))
        #expect(!key.hasSigned(Array("\(parts[0]).\(parts[1])x".utf8), try self.bytes(parts[2])))

        let header = try self.json(parts[0])
        #expect(header as? [String: String] == ["alg": algorithm, "typ": "JWT", "kid": "key-7"])
        let claims = try self.json(parts[1])
        #expect(claims["iss"] as? String == "client-1")
        #expect(claims["sub"] as? String == "alice/ü")
        #expect(claims["aud"] as? String == "https://login/token")
        #expect(claims["tenant"] as? String == "a \"b\"")
        let issuedAt = try #require(claims["iat"] as? Int)
        #expect((before...after).contains(issuedAt))
        #expect(claims["exp"] as? Int == issuedAt + 300)
        #expect(claims["nbf"] as? Int == issuedAt - 60)

        let second = try #require(server.requests.last?.form["assertion"]).split(separator: ".")
        #expect(try self.json(second[1])["jti"] as? String != claims["jti"] as? String)
        #expect((claims["jti"] as? String)?.isEmpty == false)
    }

    @Test func neitherKeyNorPasswordIsPrinted() throws {
        let pem = try TestKey(.p256).pem()
        let secrets = bodyLines(ofPEM: pem) + ["s3cret-passphrase"]
        try #require(secrets.count > 2)
        let inMemory = JWTAssertion.PrivateKey.pem(pem, password: "s3cret-passphrase")
        let inFile = JWTAssertion.PrivateKey.pemFile("/key.pem", password: "s3cret-passphrase")
        for value in [inMemory, inFile, [inMemory], self.assertion(inMemory)] as [Any] {
            let text = printedText(of: value)
            #expect(!secrets.contains { text.contains($0) }, "\(type(of: value))")
        }
        #expect(printedText(of: inMemory).contains("pem(<redacted>, password: <redacted>)"))
        #expect(printedText(of: inFile).contains("pemFile(/key.pem, password: <redacted>)"))
    }

    @Test func eachAttemptHasANewAssertion() async throws {
        let server = try HTTPServer { _, number in number == 1 ? .json("{}", status: 503) : Self.good }
        let provider = try JWTBearerTokenProvider(
            TokenEndpoint(server.url()), assertion: self.assertion(.pem(try TestKey(.p256).pem())))
        _ = try await provider.token()
        #expect(Set(server.requests.map { $0.form["assertion"] }).count == 2)
    }

    /// Both numbers of an ECDSA signature take 32 bytes, even where DER has fewer, or one more for the sign.
    @Test func everySignatureOfES256HasTheSameLength() throws {
        let key = try TestKey(.p256)
        let signing = try SigningKey(pem: key.pem(), password: nil)
        for number in 0..<600 {
            let text = Array("text \(number)".utf8)
            let signature = try signing.sign(text)
            #expect(signature.count == 64)
            #expect(key.hasSigned(text, signature))
        }
    }

    @Test func anEncryptedKeyIsReadWithItsPassword() async throws {
        let key = try TestKey(.rsa2048)
        let pem = try key.pem(password: "open sesame")
        let text = Array("text".utf8)
        #expect(key.hasSigned(text, try SigningKey(pem: pem, password: "open sesame").sign(text)))
        for password in [nil, "wrong"] as [Secret?] {
            let error = #expect(throws: KafkaError.self) {
                try JWTBearerTokenProvider(
                    TokenEndpoint("https://host/"), assertion: self.assertion(.pem(pem, password: password)))
            }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.message.contains("password") == true)
            #expect(error?.message.contains("wrong.") == false)
        }
    }

    @Test(arguments: [
        (TestKey.Kind.rsa1024, "2048 bits or more, and this one has 1024"), (.p384, "curve P-256"),
        (.ed25519, "neither RSA"),
    ])
    func anUnsupportedKeyIsRefusedAtOnce(kind: TestKey.Kind, expected: String) throws {
        let pem = try TestKey(kind).pem()
        let error = #expect(throws: KafkaError.self) {
            try JWTBearerTokenProvider(TokenEndpoint("https://host/"), assertion: self.assertion(.pem(pem)))
        }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(expected) == true, "\(String(describing: error))")
    }

    @Test func aRenewedKeyFileIsReadAgain() async throws {
        let file = TemporaryFolder.path("key.pem")
        let server = try HTTPServer { _, _ in Self.good }
        let keys = try [TestKey(.p256), TestKey(.rsa2048)]
        try Data(keys[0].pem()).write(to: file)
        let provider = try JWTBearerTokenProvider(
            TokenEndpoint(server.url()), assertion: self.assertion(.pemFile(file.path)))
        for key in keys {
            try Data(key.pem()).write(to: file)
            _ = try await provider.token()
            let parts = try #require(server.requests.last?.form["assertion"]).split(separator: ".")
            #expect(key.hasSigned(Array("\(parts[0]).\(parts[1])".utf8), try self.bytes(parts[2])))
        }
    }

    @Test func aKeyFileThatStaysInvalidIsNamedAtTheDeadline() async throws {
        let file = TemporaryFolder.path("key.pem")
        let pem = Data(try TestKey(.p256).pem())
        try pem.write(to: file)
        let server = try HTTPServer { _, _ in Self.good }
        var endpoint = TokenEndpoint(server.url())
        endpoint.timeout = .milliseconds(1500)
        let provider = try JWTBearerTokenProvider(endpoint, assertion: self.assertion(.pemFile(file.path)))
        try pem.prefix(pem.count / 2).write(to: file)
        let error = await #expect(throws: KafkaError.self) { try await provider.token() }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.isRetriable == true)
        #expect(error?.message.contains("Assertions can't be signed") == true)
        #expect(server.requests.isEmpty)
    }

    @Test func aForeignAssertionComesFromAClosureOrAFile() async throws {
        let server = try HTTPServer { _, _ in Self.good }
        _ = try await JWTBearerTokenProvider(TokenEndpoint(server.url())) { "a.b.c" }.token()
        let file = TemporaryFolder.path("assertion.jwt")
        var endpoint = TokenEndpoint(server.url())
        endpoint.timeout = .milliseconds(1500)
        let early = try JWTBearerTokenProvider(endpoint, assertionFile: file.path)
        let error = await #expect(throws: KafkaError.self) { try await early.token() }
        #expect(error?.message.contains("assertion") == true)
        #expect(error?.message.contains("doesn't exist") == true)
        // The provider waited for it.
        #expect(error?.message.contains("gave no token within") == true)
        let provider = try JWTBearerTokenProvider(TokenEndpoint(server.url()), assertionFile: file.path)
        try Data("d.e.f\n".utf8).write(to: file)
        _ = try await provider.token()
        #expect(server.requests.map { $0.form["assertion"] } == ["a.b.c", "d.e.f"])
    }

    @Test func aRefusalShowsNoAssertion() async throws {
        let server = try HTTPServer { request, _ in
            let assertion = request.form["assertion"] ?? ""
            let secret = request.form["client_secret"] ?? ""
            return .json(
                #"{"error":"invalid_grant","error_description":"\#(assertion) is old\nas \#(secret)"}"#, status: 400)
        }
        var endpoint = TokenEndpoint(server.url())
        endpoint.additionalParameters = ["client_secret": "hush hush"]
        let provider = try JWTBearerTokenProvider(endpoint) { "secret.assertion.text" }
        let error = await #expect(throws: KafkaError.self) { try await provider.token() }
        #expect(error?.message.contains("invalid_grant: <redacted> is old as <redacted>") == true)
        var shown = "\(provider) \(endpoint)"
        dump(provider, to: &shown)
        dump(endpoint, to: &shown)
        dump(error, to: &shown)
        #expect(!shown.contains("secret.assertion") && !shown.contains("hush"))
        #expect(shown.contains(server.url()))
    }

    @Test func invalidSettingsAreRefused() throws {
        let pem = try TestKey(.p256).pem()
        let changes: [(inout JWTAssertion) -> Void] = [
            { $0.issuer = "" }, { $0.subject = "" }, { $0.audience = "" }, { $0.lifetime = .zero },
            { $0.lifetime = .seconds(Int64.max) }, { $0.clockSkew = .seconds(-1) },
            { $0.additionalClaims = ["exp": "never"] }, { $0.privateKey = .pem("nonsense") },
            { $0.privateKey = .pemFile("/nowhere") },
        ]
        for change in changes {
            var assertion = self.assertion(.pem(pem))
            change(&assertion)
            let error = #expect(throws: KafkaError.self) {
                try JWTBearerTokenProvider(TokenEndpoint("https://host/"), assertion: assertion)
            }
            #expect(error?.code == .invalidConfiguration)
        }
        var endpoint = TokenEndpoint("https://host/")
        endpoint.additionalParameters = ["assertion": "x"]
        #expect(throws: KafkaError.self) { try JWTBearerTokenProvider(endpoint) { "x" } }
    }
}
