// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

@testable import EmbeddedKafka

/// The broker's side of SASL, one exchange at a time, implemented by the embedded broker: for the user "alice" with the
/// password "secret", and for the token "token".
final class ScriptedAuthentication: Sendable {
    private struct State {
        static var begun: Authentication {
            Authentication(mechanisms: EmbeddedKafka.Mechanism.allCases, maxSession: nil)
        }

        var authentication = Self.begun
        let credentials: UserCredentials

        init() throws {
            var configuration = EmbeddedKafka.Configuration()
            configuration.users = ["alice": "secret"]
            configuration.checkToken = { token, _ in
                token == "token"
                    ? .accepted(user: "alice", lifetime: .seconds(3600)) : .refused(status: "invalid_token")
            }
            self.credentials = try UserCredentials(configuration)
        }
    }

    private let state: Lock<State>

    init() throws {
        let state = try State()
        self.state = Lock(state)
    }

    /// Returns the response to SaslHandshake and to the requests that follow it.
    func reply(to request: ScriptedBroker.Received) throws -> ScriptedBroker.Reply {
        if request.api == .saslHandshake { return try self.agree(request) }
        // From version 2 on, both headers end with empty tagged fields.
        let isFlexible = request.version >= 2
        var reader = ByteReader(isFlexible ? request.rest[1..<request.rest.count] : request.rest)
        var response = SaslAuthenticateResponse()
        switch self.step(try SaslAuthenticateRequest(from: &reader, version: request.version).authBytes) {
        case .challenge(let token), .done(let token, _):
            response.authBytes = token
        case .refused(let reason):
            response.errorCode = .saslAuthenticationFailed
            response.errorMessage = reason
        case nil:
            response.errorCode = .illegalSaslState
        }
        return .body(Bytes((isFlexible ? [0] : []) + Array(try Bytes(response, version: request.version))))
    }

    private func agree(_ request: ScriptedBroker.Received) throws -> ScriptedBroker.Reply {
        var reader = ByteReader(request.rest)
        let name = try SaslHandshakeRequest(from: &reader, version: request.version).mechanism
        var response = SaslHandshakeResponse()
        response.mechanisms = EmbeddedKafka.Mechanism.allCases.map(\.rawValue)
        response.errorCode = self.state.withLock { state in
            // This may be another connection.
            state.authentication = State.begun
            return state.authentication.begin(
                name, isRaw: false, credentials: state.credentials, now: 0)
        }
        return .body(try Bytes(response, version: request.version))
    }

    private func step(_ message: Bytes) -> Authentication.Step? {
        self.state.withLock { $0.authentication.step(message, now: 0, time: 0) }
    }
}
