// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum SaslHandshakeEndpoint: Endpoint {
    static let name = "SaslHandshake"

    static func access(_ request: SaslHandshakeRequest) -> Access { .open }

    static func handle(_ request: SaslHandshakeRequest, _ call: Call) {
        let connection = call.connection
        let error = connection.authentication.begin(
            request.mechanism, isRaw: call.version == 0, credentials: call.cluster.credentials, now: call.cluster.now)
        self.answer(error, call)
    }

    private static func answer(_ error: ErrorCode, _ call: Call) {
        var response = SaslHandshakeResponse()
        response.errorCode = error
        if error != .illegalSaslState {
            response.mechanisms = call.connection.authentication.mechanisms.map(\.rawValue)
        }
        call.answer(response, isLast: error != .none && error != .illegalSaslState)
    }

    static func fail(_ request: SaslHandshakeRequest, _ error: ErrorCode, _ call: Call) {
        self.answer(error, call)
    }
}
