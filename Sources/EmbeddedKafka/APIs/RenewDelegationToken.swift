// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum RenewDelegationTokenEndpoint: Endpoint {
    static let name = "RenewDelegationToken"

    static func access(_ request: RenewDelegationTokenRequest) -> Access { .open }

    static func handle(_ request: RenewDelegationTokenRequest, _ call: Call) {
        guard let user = call.tokenHolder else { return self.fail(request, .delegationTokenRequestNotAllowed, call) }
        do throws(BrokerError) {
            var response = RenewDelegationTokenResponse()
            response.expiryTimestampMs = try call.cluster.credentials.tokens.renew(
                hmac: Array(request.hmac), by: user, for: request.renewPeriodMs, at: call.cluster.wallMilliseconds)
            call.answer(response)
        } catch {
            self.fail(request, error.code, call)
        }
    }

    static func fail(_ request: RenewDelegationTokenRequest, _ error: ErrorCode, _ call: Call) {
        var response = RenewDelegationTokenResponse()
        response.errorCode = error
        call.answer(response)
    }
}
