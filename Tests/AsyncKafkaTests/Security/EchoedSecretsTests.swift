// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport
import Testing

@testable import AsyncKafka

/// A broker that echoes what it was sent, and how a client redacts it.
@Suite(.timeLimit(.minutes(1)))
struct EchoedSecretsTests {
    enum Way: CaseIterable, Sendable {
        case plain, scram256, scram512, delegationToken, oauthBearer, own

        static let secret = "open \"sesame\" \\ 17"

        var secret: String { self == .oauthBearer ? "open-sesame.17" : Self.secret }

        var mechanism: any SASLMechanism {
            let secret = Secret(self.secret)
            return switch self {
            case .plain: .plain(username: "alice", password: secret)
            case .scram256: .scramSHA256(username: "alice", password: secret)
            case .scram512: .scramSHA512(username: "alice", password: secret)
            case .delegationToken: .delegationToken(id: "alice", hmac: secret)
            case .oauthBearer: .oauthBearer(Token(value: secret))
            case .own: OwnMechanism(secret: self.secret)
            }
        }
    }

    private struct Token: OAuthBearerTokenProvider {
        let value: Secret
        func token() -> OAuthBearerToken { OAuthBearerToken(self.value, lifetime: .seconds(60)) }
    }

    /// A custom mechanism, whose secrets the library doesn't know.
    private struct OwnMechanism: SASLMechanism {
        let name = "OWN"
        let secret: String
        func makeExchange(with server: KafkaServer) -> any SASLExchange { OwnExchange(secret: self.secret) }
    }

    private struct OwnExchange: SASLExchange {
        let secret: String
        func respond(to challenge: Bytes?) -> SASLResponse {
            challenge == nil ? .send(Bytes("alice\u{1}\(self.secret)\u{1}")) : .done
        }
    }

    /// The broker's response to the first message.
    enum Answer {
        case error, scramError
    }

    /// All forms in which a broker could echo a secret.
    private static func words(_ secret: String, _ message: Bytes) -> String {
        let escaped = secret.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return """
            no: \(secret) {"password":"\(escaped)"} \(Base64.encode(Array(secret.utf8))) \
            \(Base64.encode(Array(message))) \(String(decoding: message, as: UTF8.self))
            """
    }

    private func server(_ way: Way, _ answer: Answer) throws -> ScriptedBroker {
        let versions: [(APIKey, ClosedRange<Int16>)] = [
            (.apiVersions, 0...4), (.metadata, 0...1), (.produce, 3...9), (.saslHandshake, 0...1),
            (.saslAuthenticate, 0...1),
        ]
        return try ScriptedBroker { request, _ in
            do {
                switch request.api {
                case .apiVersions: return .body(try .apiVersions(versions))
                case .saslHandshake: return .body(try Bytes(SaslHandshakeResponse(), version: request.version))
                default: break
                }
                var reader = ByteReader(request.rest)
                let message = try SaslAuthenticateRequest(from: &reader, version: request.version).authBytes
                var response = SaslAuthenticateResponse()
                if answer == .scramError {
                    response.authBytes = Bytes("e=\(way.secret)")
                } else {
                    response.errorCode = .saslAuthenticationFailed
                    response.errorMessage = Self.words(way.secret, message)
                }
                return .body(try Bytes(response, version: request.version))
            } catch {
                return .close
            }
        }
    }

    private func failure(_ server: ScriptedBroker, _ mechanism: some SASLMechanism, _ log: KeptLog) async throws
        -> KafkaError?
    {
        let loop = try EventLoop(name: "client")
        defer { loop.shutdown() }
        let logger = Logger(log)
        let security = try ConnectionSecurity(.sasl(mechanism, over: .plaintext), logger: logger)
        return await #expect(throws: KafkaError.self) {
            _ = try await BrokerConnection.open(
                to: server.broker, configuration: KafkaClientConfiguration(bootstrapServers: [server.address]),
                security: security, loop: loop, logger: logger
            ) { _, _ in }
        }
    }

    @Test(arguments: Way.allCases)
    func secretsThatABrokerEchoesAreRedactedForEveryMechanismAndEncoding(way: Way) async throws {
        let answers: [Answer] =
            switch way {
            case .scram256, .scram512, .delegationToken: [.error, .scramError]
            default: [.error]
            }
        for answer in answers {
            let server = try self.server(way, answer)
            defer { server.stop() }
            let log = KeptLog(minimum: .trace)
            let error = try await self.failure(server, way.mechanism, log)
            #expect(error?.code == .authenticationFailed)
            #expect(error?.message.contains("<redacted>") == true, "\(String(describing: error))")
            let texts = [String(describing: error), String(reflecting: error)] + log.events.map { "\($0)" }
            for text in texts {
                #expect(!text.contains("sesame"), "\(text)")
                #expect(!text.contains(Base64.encode(Array(way.secret.utf8))), "\(text)")
            }
            if answer == .error {
                #expect(
                    error?.message.contains("no: ") == true, "what is no secret stays: \(String(describing: error))")
            }
        }
    }

    @Test func aSecretIsRedactedWhereALongAnswerIsTruncatedAndOtherTextStays() {
        let secrets = StruckSecrets(["top-secret", "top"])
        #expect(secrets.strike(from: "the top of top-secret things") == "the <redacted> of <redacted> things")
        #expect(secrets.strike(from: "stop") == "s<redacted>")
        let long = String(repeating: "x", count: 64 * 1024 - 5) + "top-secret"
        #expect(!secrets.strike(from: long).contains("top"))
        #expect(StruckSecrets(["", "a"]).strike(from: "bab") == "b<redacted>b")
        #expect(StruckSecrets([]).strike(from: "abc") == "abc")
    }

    @Test func aReasonInBothTheErrorAndTheMechanismsMessageIsReportedOnce() async throws {
        let status = #"{"status":"invalid_token"}"#
        let server = try ScriptedBroker { request, index in
            do {
                switch (request.api, index) {
                case (.apiVersions, _):
                    return .body(
                        try .apiVersions([
                            (.apiVersions, 0...4), (.produce, 3...9), (.saslHandshake, 0...1),
                            (.saslAuthenticate, 0...1),
                        ]))
                case (.saslHandshake, _):
                    return .body(try Bytes(SaslHandshakeResponse(), version: request.version))
                case (_, 2):
                    var response = SaslAuthenticateResponse()
                    response.authBytes = Bytes(status)
                    return .body(try Bytes(response, version: request.version))
                default:
                    var response = SaslAuthenticateResponse()
                    response.errorCode = .saslAuthenticationFailed
                    response.errorMessage = "Authentication failed: \(status)"
                    return .body(try Bytes(response, version: request.version))
                }
            } catch {
                return .close
            }
        }
        defer { server.stop() }
        let mechanism = OAuthBearerMechanism.oauthBearer(Token(value: "abc"))
        let error = try await self.failure(server, mechanism, KeptLog(minimum: .trace))
        #expect(error?.description.split(separator: "invalid_token").count == 2, "\(String(describing: error))")
        #expect(error?.message.contains("Authentication failed: ") == true)
    }
}
