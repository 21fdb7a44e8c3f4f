// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum ExpireDelegationTokenEndpoint: Endpoint {
    static let name = "ExpireDelegationToken"

    static func access(_ request: ExpireDelegationTokenRequest) -> Access { .open }

    static func handle(_ request: ExpireDelegationTokenRequest, _ call: Call) {
        guard let user = call.tokenHolder else { return self.fail(request, .delegationTokenRequestNotAllowed, call) }
        do throws(BrokerError) {
            var response = ExpireDelegationTokenResponse()
            response.expiryTimestampMs = try call.cluster.credentials.tokens.expire(
                hmac: Array(request.hmac), by: user, after: request.expiryTimePeriodMs,
                at: call.cluster.wallMilliseconds)
            call.answer(response)
        } catch {
            self.fail(request, error.code, call)
        }
    }

    static func fail(_ request: ExpireDelegationTokenRequest, _ error: ErrorCode, _ call: Call) {
        var response = ExpireDelegationTokenResponse()
        response.errorCode = error
        call.answer(response)
    }
}
