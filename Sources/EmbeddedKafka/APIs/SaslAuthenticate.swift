// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum SaslAuthenticateEndpoint: Endpoint {
    static let name = "SaslAuthenticate"

    static func access(_ request: SaslAuthenticateRequest) -> Access { .open }

    static func handle(_ request: SaslAuthenticateRequest, _ call: Call) {
        var response = SaslAuthenticateResponse()
        response.errorMessage = nil
        let step = call.connection.authentication.step(
            request.authBytes, now: call.cluster.now, time: call.cluster.wallMilliseconds)
        switch step {
        case .challenge(let bytes):
            response.authBytes = bytes
        case .done(let bytes, let lifetime):
            response.authBytes = bytes
            response.sessionLifetimeMs = lifetime
        case .refused(let reason):
            response.errorCode = .saslAuthenticationFailed
            response.errorMessage = reason
            call.answer(response, isLast: true)
            return
        case nil:
            response.errorCode = .illegalSaslState
            response.errorMessage = "SaslHandshake has to come first."
        }
        call.answer(response)
    }

    static func fail(_ request: SaslAuthenticateRequest, _ error: ErrorCode, _ call: Call) {
        var response = SaslAuthenticateResponse()
        response.errorCode = error
        response.errorMessage = nil
        call.answer(response, isLast: true)
    }
}
