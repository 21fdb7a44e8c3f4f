// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation
import KafkaMemory
import KafkaOIDC
import KafkaTestSupport
import KafkaTransport
import Testing

/// An authorization server that knows one client by its public key, and issues tokens that development brokers accept.
private struct AssertionServer: Sendable {
    static let audience = "https://login.example.com"

    let key: TestKey
    let algorithm: String
    let used = Lock<Set<String>>([])

    private struct Header: Decodable {
        var alg: String
    }

    private struct Claims: Decodable {
        var iss: String
        var sub: String
        var aud: String
        var jti: String
        var nbf: Double
        var exp: Double
    }

    private static func decode(_ part: Substring) -> Data? {
        let standard = String(part.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        return Data(base64Encoded: standard + String(repeating: "=", count: (4 - standard.count % 4) % 4))
    }

    func answer(_ request: HTTPServer.Request) -> HTTPServer.Answer {
        guard request.form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer" else {
            return .json(#"{"error":"unsupported_grant_type"}"#, status: 400)
        }
        guard let subject = self.subject(of: request.form["assertion"] ?? "") else {
            return .json(#"{"error":"invalid_grant","error_description":"not believed"}"#, status: 400)
        }
        let token = SecuredListeners.unsecuredToken(subject: subject, lifetime: 600)
        return .json(#"{"access_token":"\#(token)","token_type":"Bearer","expires_in":600}"#)
    }

    /// Returns the subject of an assertion if it is signed by the client, for this server, currently valid and not used
    /// before.
    private func subject(of assertion: String) -> String? {
        let parts = assertion.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let signature = Self.decode(parts[2]),
            self.key.hasSigned(Array("\(parts[0]).\(parts[1])".utf8), Array(signature)),
            let header = Self.decode(parts[0]).flatMap({ try? JSONDecoder().decode(Header.self, from: $0) }),
            let claims = Self.decode(parts[1]).flatMap({ try? JSONDecoder().decode(Claims.self, from: $0) })
        else { return nil }
        let now = Date().timeIntervalSince1970
        guard header.alg == self.algorithm, claims.iss == "kafka-client", claims.aud == Self.audience,
            claims.nbf <= now, claims.exp > now, self.used.withLock({ $0.insert(claims.jti).inserted })
        else { return nil }
        return claims.sub
    }
}

extension InteropTests {
    /// Tokens for real brokers, from an authorization server that is part of this test.
    @Suite(.timeLimit(.minutes(3)), .enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"))
    struct TokenEndpoints {
        @Test(arguments: RealKafka.installations, [TestKey.Kind.rsa2048, .p256])
        func signedAssertionsGetTokens(installation: KafkaInstallation, kind: TestKey.Kind) async throws {
            let cluster = try await SharedClusters.all.cluster(installation, isSecured: true)
            let secured = try #require(cluster.secured)
            let key = try TestKey(kind)
            let issuing = AssertionServer(key: key, algorithm: kind == .p256 ? "ES256" : "RS256")
            let authority = try CertificateAuthority()
            let server = try HTTPServer(identity: authority.issue().identity) { request, _ in issuing.answer(request) }
            var endpoint = TokenEndpoint(server.url())
            endpoint.tls.trust = .pem(authority.certificate)

            func client(signedWith key: TestKey) throws -> KafkaClientConfiguration {
                let assertion = JWTAssertion(
                    privateKey: .pem(try key.pem()), issuer: "kafka-client", subject: SecuredListeners.username,
                    audience: AssertionServer.audience)
                let tokens = CachingTokenProvider(try JWTBearerTokenProvider(endpoint, assertion: assertion))
                var client = KafkaClientConfiguration(bootstrapServers: secured.bootstrapServers(.sasl))
                client.security = .sasl(.oauthBearer(tokens), over: .plaintext)
                client.log = SilentLog()
                return client
            }

            let topic = unique("assertions")
            try await cluster.createTopic(topic, partitions: 1)
            let known = try client(signedWith: key)
            try await KafkaProducer.withProducer(ProducerConfiguration(known)) { producer in
                for number in 0..<20 {
                    _ = try await producer.send(ProducerRecord(topic: topic, key: "\(number)", value: "\(number)"))
                }
            }
            #expect(server.requests.count == 1, "one token for all connections")

            var producing = ProducerConfiguration(try client(signedWith: TestKey(kind)))
            producing.cluster.apiTimeout = .seconds(5)
            producing.cluster.requestTimeout = .seconds(4)
            producing.deliveryTimeout = .seconds(5)
            producing.maxBlock = .seconds(5)
            let unknown = producing
            let error = await #expect(throws: KafkaError.self) {
                try await KafkaProducer.withProducer(unknown) { producer in
                    _ = try await producer.send(ProducerRecord(topic: topic, value: "x"))
                }
            }
            #expect(error?.code == .authenticationFailed)
            #expect(error?.description.contains("invalid_grant: not believed") == true, "\(String(describing: error))")
        }
    }
}
