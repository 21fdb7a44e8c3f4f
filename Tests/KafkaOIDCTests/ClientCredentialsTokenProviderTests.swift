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
import KafkaTransport
import Testing

@testable import KafkaOIDC

@Suite(.timeLimit(.minutes(1))) struct ClientCredentialsTokenProviderTests {
    private static let secret = "s3cr+t /ü:%"
    private static let good = HTTPServer.Answer.json(
        #"{"access_token":"token-of-alice","token_type":"Bearer","expires_in":300}"#)

    private func provider(
        _ server: HTTPServer, authentication: ClientCredentialsTokenProvider.ClientAuthentication = .basic,
        _ change: (inout TokenEndpoint) -> Void = { _ in }
    ) throws -> ClientCredentialsTokenProvider {
        var endpoint = TokenEndpoint(server.url())
        endpoint.retryBackoff = .milliseconds(1)
        change(&endpoint)
        return try ClientCredentialsTokenProvider(
            endpoint, clientID: "my client", clientSecret: Secret(Self.secret), scope: "kafka read",
            authentication: authentication)
    }

    /// Returns the error that a server's answer causes, and the number of requests.
    private func error(
        _ answer: HTTPServer.Answer, _ change: (inout TokenEndpoint) -> Void = { _ in }
    ) async throws -> (error: KafkaError, requests: Int) {
        let server = try HTTPServer { _, _ in answer }
        let provider = try self.provider(server, change)
        let error = await #expect(throws: KafkaError.self) { try await provider.token() }
        return (try #require(error), server.requests.count)
    }

    // MARK: Requests and results

    @Test func theIDAndTheSecretAreFormEncodedInTheHeader() async throws {
        let server = try HTTPServer { _, _ in Self.good }
        let provider = try self.provider(server) { $0.additionalParameters = ["audience": "kafka & co"] }
        let before = Int64(Date().timeIntervalSince1970 * 1000)
        let token = try await provider.token()
        let after = Int64(Date().timeIntervalSince1970 * 1000)
        #expect(token.value.text == "token-of-alice")
        #expect((before + 300_000...after + 300_000).contains(token.expiresAt.millisecondsSince1970))
        let request = try #require(server.requests.first)
        #expect(request.method == "POST")
        #expect(request.target == "/token")
        #expect(request.headers["content-type"] == "application/x-www-form-urlencoded")
        #expect(request.form == ["grant_type": "client_credentials", "scope": "kafka read", "audience": "kafka & co"])
        // As required by RFC 6749, section 2.3.1 and appendix B.
        let credentials = Data("my+client:s3cr%2Bt+%2F%C3%BC%3A%25".utf8).base64EncodedString()
        #expect(request.headers["authorization"] == "Basic \(credentials)")
    }

    @Test func theIDAndTheSecretAreNotEncodedIfConfigured() async throws {
        let server = try HTTPServer { _, _ in Self.good }
        _ = try await self.provider(server, authentication: .basicWithoutEncoding).token()
        let credentials = Data("my client:\(Self.secret)".utf8).base64EncodedString()
        #expect(server.requests.first?.headers["authorization"] == "Basic \(credentials)")
        #expect(server.requests.first?.form["client_secret"] == nil)
    }

    @Test func theIDAndTheSecretAreSentInTheBodyIfConfigured() async throws {
        let server = try HTTPServer { _, _ in Self.good }
        _ = try await self.provider(server, authentication: .parameters).token()
        #expect(server.requests.first?.headers["authorization"] == nil)
        #expect(server.requests.first?.form["client_id"] == "my client")
        #expect(server.requests.first?.form["client_secret"] == Self.secret)
    }

    @Test func aSecretFromAClosureIsFetchedEachTime() async throws {
        let server = try HTTPServer { _, _ in Self.good }
        let calls = Lock(0)
        let provider = try ClientCredentialsTokenProvider(
            TokenEndpoint(server.url()), clientID: "id", authentication: .parameters
        ) {
            Secret(
                "secret\(calls.withLock { count in count += 1; return count })")
        }
        _ = try await provider.token()
        _ = try await provider.token()
        #expect(server.requests.map { $0.form["client_secret"] } == ["secret1", "secret2"])
        #expect(server.requests.allSatisfy { $0.form["scope"] == nil })
    }

    @Test(
        arguments: [
            // expires_in alone, as a number or as text; the token's exp alone; and the earlier of both.
            (#""expires_in":60"#, nil, 60), (#""expires_in":"60""#, nil, 60), (#""scope":"x""#, 90, 90),
            (#""expires_in":60"#, 90, 60), (#""expires_in":90"#, 60, 60),
        ] as [(String, Int?, Int)])
    func aTokenExpiresWhenTheServerOrTheTokenItselfSays(answer: String, exp: Int?, expected: Int) async throws {
        let token = exp.map { SecuredListeners.unsecuredToken(lifetime: $0) } ?? "opaque"
        let server = try HTTPServer { _, _ in .json(#"{"access_token":"\#(token)",\#(answer)}"#) }
        let result = try await self.provider(server).token()
        let left = Double(result.expiresAt.millisecondsSince1970) / 1000 - Date().timeIntervalSince1970
        #expect(abs(left - Double(expected)) < 20)
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10;x=y\r\n{\"access_token\":\r\n13\r\n\"T\",\"expires_in\":9}\r\n0\r\nX: y\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\n{\"access_token\":\"T\",\"expires_in\":9}",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\ncontent-length:  35 \r\n\r\n{\"access_token\":\"T\",\"expires_in\":9}",
        "HTTP/1.1 200 OK\nContent-Length: 35\n\n{\"access_token\":\"T\",\"expires_in\":9}and more",
    ])
    func everyHTTPMessageFramingIsSupported(answer: String) async throws {
        let server = try HTTPServer { _, _ in .raw(answer) }
        #expect(try await self.provider(server).token().value.text == "T")
    }

    // MARK: Retries

    @Test(arguments: [500, 502, 503, 504, 429, 408])
    func aServerErrorIsRetried(status: Int) async throws {
        let server = try HTTPServer { _, number in
            number < 3 ? .json("{}", status: status) : Self.good
        }
        #expect(try await self.provider(server).token().value.text == "token-of-alice")
        #expect(server.requests.count == 3)
    }

    @Test func aBrokenConnectionIsRetried() async throws {
        let server = try HTTPServer { _, number in
            switch number {
            case 1: .close
            case 2: .raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"acc")
            default: Self.good
            }
        }
        #expect(try await self.provider(server).token().value.text == "token-of-alice")
        #expect(server.requests.count == 3)
    }

    @Test func retryAfterIsRespected() async throws {
        let server = try HTTPServer { _, number in
            number == 1 ? .json("{}", status: 429, headers: ["Retry-After: 1"]) : Self.good
        }
        let clock = ContinuousClock()
        let start = clock.now
        #expect(try await self.provider(server).token().value.text == "token-of-alice")
        #expect(clock.now - start >= .seconds(1))
        #expect(server.requests.count == 2)
    }

    @Test(arguments: ["3600", "4000000000"])
    func aRetryAfterBeyondTheDeadlineEndsTheCallAtOnce(seconds: String) async throws {
        // If the call waited, the test's time limit would end it.
        let (error, requests) = try await self.error(
            .json(#"{"error":"slow_down"}"#, status: 429, headers: ["Retry-After: \(seconds)"])
        ) { $0.timeout = .seconds(600) }
        #expect(requests == 1)
        #expect(error.code == .authenticationFailed)
        #expect(error.isRetriable)
        #expect(error.message.contains("429 slow_down"))
        #expect(error.message.contains("Retry-After") && error.message.contains("\(seconds)"))
    }

    @Test func retriesEndAtTheDeadlineWithTheLastError() async throws {
        let (error, _) = try await self.error(.json(#"{"error":"overloaded"}"#, status: 503)) {
            $0.timeout = .seconds(3)
        }
        #expect(error.code == .authenticationFailed)
        #expect(error.isRetriable)
        #expect(error.message.contains("503") && error.message.contains("overloaded"))
    }

    @Test func aSilentServerEndsTheCallAtTheDeadline() async throws {
        let (error, _) = try await self.error(.silence) { $0.timeout = .milliseconds(200) }
        #expect(error.code == .authenticationTimeout)
        #expect(error.isRetriable)
    }

    @Test func aClosedPortIsARetriableError() async throws {
        let port = try HTTPServer { _, _ in .close }.port
        var endpoint = TokenEndpoint("http://127.0.0.1:\(port)/token")
        endpoint.timeout = .milliseconds(200)
        let provider = try ClientCredentialsTokenProvider(endpoint, clientID: "id", clientSecret: "x")
        let error = await #expect(throws: KafkaError.self) { try await provider.token() }
        #expect(error?.isRetriable == true)
        #expect(error?.message.contains("127.0.0.1:\(port)") == true)
    }

    @Test func cancellationEndsTheCall() async throws {
        let asked = Lock<CheckedContinuation<Void, Never>?>(nil)
        let server = try HTTPServer { _, _ in
            asked.withLock { $0 }?.resume()
            return .silence
        }
        let provider = try self.provider(server) { $0.timeout = .seconds(50) }
        let started = Lock<Task<OAuthBearerToken, any Error>?>(nil)
        await withCheckedContinuation { continuation in
            asked.withLock { $0 = continuation }
            started.withLock { $0 = Task { try await provider.token() } }
        }
        let task = try #require(started.withLock { $0 })
        task.cancel()
        let result = await task.result
        #expect(throws: (any Error).self) { try result.get() }
    }

    // MARK: Refusals

    @Test(arguments: [400, 401, 403, 404])
    func aRefusalIsFinalAndQuotesTheServer(status: Int) async throws {
        let body = #"{"error":"invalid_client","error_description":"No such\nclient","error_uri":"https://x/y"}"#
        let (error, requests) = try await self.error(.json(body, status: status))
        #expect(requests == 1)
        #expect(error.code == .authenticationFailed)
        #expect(!error.isRetriable)
        #expect(error.message.contains("the status \(status) invalid_client: No such client (https://x/y)"))
    }

    @Test func aSecretThatTheServerEchoesIsRedacted() async throws {
        let encoded = Data("my+client:s3cr%2Bt+%2F%C3%BC%3A%25".utf8).base64EncodedString()
        let body =
            #"{"error":"invalid_client","error_description":"wrong: \#(Self.secret), s3cr%2Bt+%2F%C3%BC%3A%25, \#(encoded)"}"#
        let (error, _) = try await self.error(.json(body, status: 401))
        #expect(error.message.contains("invalid_client: wrong: <redacted>, <redacted>, <redacted>"))
        var shown = ""
        dump(error, to: &shown)
        for text in [error.description, shown, "\(error)"] {
            #expect(!text.contains("s3cr"))
            #expect(!text.contains(encoded))
        }
    }

    @Test func aProvidersDescriptionContainsNoSecret() async throws {
        let server = try HTTPServer { _, _ in Self.good }
        let provider = try self.provider(server)
        var shown = "\(provider) \(String(reflecting: provider))"
        dump(provider, to: &shown)
        #expect(!shown.contains("s3cr"))
        #expect(shown.contains("my client"))
    }

    @Test(arguments: [
        // The answer, and what the error says about it.
        ("HTTP/1.1 200 OK\r\n\r\n<html>Log in!</html>", "no JSON object"),
        ("HTTP/1.1 200 OK\r\n\r\n{\"error\":\"invalid_scope\"}", "invalid_scope"),
        ("HTTP/1.1 200 OK\r\n\r\n{}", "without an access_token"),
        ("HTTP/1.1 200 OK\r\n\r\n{\"access_token\":\"SECRET\"}", "without expires_in"),
        ("HTTP/1.1 200 OK\r\n\r\n{\"access_token\":\"SECRET\",\"expires_in\":9,\"token_type\":\"mac\"}", "type Bearer"),
        ("HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\n\r\n", "redirects"),
        ("SSH-2.0-OpenSSH\r\n", "not HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "no number"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "coding"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", "no number"),
    ])
    func anAnswerWithoutATokenIsReported(answer: String, expected: String) async throws {
        let (error, requests) = try await self.error(.raw(answer))
        #expect(error.message.contains(expected), "\(error)")
        #expect(!error.description.contains("SECRET"))
        #expect(requests == 1)
    }

    @Test(arguments: ["Content-Length: 1000001", "Transfer-Encoding: chunked", "X: y"])
    func anAnswerLargerThanTheLimitIsRefused(header: String) async throws {
        let large = String(repeating: "x", count: 1_000_001)
        let body = header.hasSuffix("chunked") ? "F4241\r\n\(large)\r\n0\r\n\r\n" : large
        let (error, requests) = try await self.error(.raw("HTTP/1.1 200 OK\r\n\(header)\r\n\r\n\(body)")) {
            $0.maxResponseSize = 1_000_000
        }
        #expect(error.message.contains("more than 1000000 bytes"))
        #expect(requests == 1)
    }

    @Test func endlessHeadersAreRefused() async throws {
        let (error, _) = try await self.error(
            .raw("HTTP/1.1 200 OK\r\n" + String(repeating: "X: y\r\n", count: 20_000)))
        #expect(error.message.contains("more than 65536 bytes"))
    }

    // MARK: Settings

    @Test(arguments: [
        ("http://login.example.com/token", "not HTTPS"), ("http://127.0.0.1.example.com/token", "not HTTPS"),
        ("http://127.kafka.example.com/token", "not HTTPS"), ("ftp://localhost/token", "begins with ftp:"),
        ("token", "not a URL"), ("", "not a URL"), ("https://user:hunter2@host/", "a user, a password"),
        ("https://host:99999/", "not a URL"),
    ])
    func anInvalidURLIsRefusedAtOnce(url: String, expected: String) {
        let error = #expect(throws: KafkaError.self) {
            try ClientCredentialsTokenProvider(TokenEndpoint(url), clientID: "id", clientSecret: "x")
        }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(expected) == true, "\(String(describing: error))")
        #expect(error?.message.contains("hunter2") == false)
    }

    @Test(arguments: ["token\r\nX-Injected: 1", "token?a=b\r\nX-Injected: 1\r\n\r\n", "token\nX-Injected: 1"])
    func aLineBreakInTheURLAddsNoHeader(path: String) async throws {
        let server = try HTTPServer { _, _ in Self.good }
        let endpoint = TokenEndpoint("http://127.0.0.1:\(server.port)/\(path)")
        // It may be refused or sent encoded.
        _ = try? await ClientCredentialsTokenProvider(endpoint, clientID: "i\r\nX-Injected: 1", clientSecret: "x\r\n")
            .token()
        #expect(server.requests.allSatisfy { $0.headers["x-injected"] == nil && $0.method == "POST" })
        #expect(server.requests.count <= 1)
    }

    @Test func plaintextIsAllowedOnLoopbackAndIfExplicitlyAccepted() throws {
        for url in ["http://localhost/x", "http://127.0.0.1:80/x", "http://[::1]:8080/x", "https://login.example.com"] {
            _ = try ClientCredentialsTokenProvider(TokenEndpoint(url), clientID: "id", clientSecret: "x")
        }
        var endpoint = TokenEndpoint("http://login.example.com/token")
        endpoint.allowsPlaintextSoThatSecretsAndTokensCanBeReadOnTheWay = true
        _ = try ClientCredentialsTokenProvider(endpoint, clientID: "id", clientSecret: "x")
    }

    @Test func contradictorySettingsAreRefused() {
        let changes: [@Sendable (inout TokenEndpoint) -> Void] = [
            { $0.timeout = .zero }, { $0.retryBackoff = .zero }, { $0.retryBackoffMax = .milliseconds(1) },
            { $0.maxResponseSize = 0 }, { $0.additionalParameters = ["grant_type": "password"] },
            { $0.tls.trust = .pemFile("/nowhere") },
        ]
        for change in changes {
            var endpoint = TokenEndpoint("https://host/")
            change(&endpoint)
            let error = #expect(throws: KafkaError.self) {
                try ClientCredentialsTokenProvider(endpoint, clientID: "id", clientSecret: "x")
            }
            #expect(error?.code == .invalidConfiguration)
        }
    }

    // MARK: TLS

    @Test func aConfiguredAuthorityIsTrusted() async throws {
        let authority = try CertificateAuthority()
        let server = try HTTPServer(identity: authority.issue().identity) { _, _ in Self.good }
        let provider = try self.provider(server) { $0.tls.trust = .pem(authority.certificate) }
        #expect(try await provider.token().value.text == "token-of-alice")
    }

    @Test func aHalfWrittenFileIsReadAgain() async throws {
        let authority = try CertificateAuthority()
        let server = try HTTPServer(identity: authority.issue().identity) { _, _ in Self.good }
        let whole = Data(authority.certificate)
        let file = TemporaryFolder.path("trust.pem")
        try whole.write(to: file)
        var endpoint = TokenEndpoint(server.url())
        endpoint.retryBackoff = .milliseconds(1)
        endpoint.tls.trust = .pemFile(file.path)
        let attempts = Lock(0)
        let provider = try ClientCredentialsTokenProvider(endpoint, clientID: "my client") {
            // Each attempt fetches the secret first, so the second finds the complete file.
            let attempt = attempts.withLock { attempts in
                attempts += 1
                return attempts
            }
            try whole.prefix(attempt == 1 ? 100 : whole.count).write(to: file)
            return Secret(Self.secret)
        }
        #expect(try await provider.token().value.text == "token-of-alice")
        #expect(attempts.withLock { $0 } == 2)
        #expect(server.requests.count == 1)
    }

    @Test func anUntrustedServerGetsNoSecret() async throws {
        let authority = try CertificateAuthority()
        let other = try CertificateAuthority()
        let trusts: [KafkaTLSConfiguration.Trust] = [.system, .pem(other.certificate)]
        for trust in trusts {
            let server = try HTTPServer(identity: authority.issue().identity) { _, _ in Self.good }
            let provider = try self.provider(server) { $0.tls.trust = trust }
            let error = await #expect(throws: KafkaError.self) { try await provider.token() }
            #expect(error?.code == .tlsFailed)
            #expect(error?.isRetriable == false)
            #expect(server.requests.isEmpty)
        }
    }

    @Test func aCertificateForAnotherNameGetsNoSecret() async throws {
        let authority = try CertificateAuthority()
        let issued = try authority.issue(hosts: ["DNS:login.example.com"])
        let server = try HTTPServer(identity: issued.identity) { _, _ in Self.good }
        let provider = try self.provider(server) { $0.tls.trust = .pem(authority.certificate) }
        let error = await #expect(throws: KafkaError.self) { try await provider.token() }
        #expect(error?.code == .tlsFailed)
        #expect(error?.message.contains("login.example.com") == true)
        #expect(server.requests.isEmpty)
    }
}
