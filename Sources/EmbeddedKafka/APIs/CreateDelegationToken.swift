// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

enum CreateDelegationTokenEndpoint: Endpoint {
    static let name = "CreateDelegationToken"

    static func access(_ request: CreateDelegationTokenRequest) -> Access { .byItem }

    static func handle(_ request: CreateDelegationTokenRequest, _ call: Call) {
        guard let requester = call.tokenHolder else {
            return self.fail(request, .delegationTokenRequestNotAllowed, call)
        }
        guard request.renewers.allSatisfy({ $0.principalType == Identity.principalType }) else {
            return self.fail(request, .invalidPrincipalType, call)
        }
        let owner = request.ownerPrincipalName.flatMap { $0.isEmpty ? nil : $0 } ?? requester
        // Without an authorizer all users may create tokens for others.
        guard owner == requester || call.permits(.createTokens, .user("\(Identity.principalType):\(owner)")) else {
            return self.fail(request, .delegationTokenAuthorizationFailed, call)
        }
        let token = call.cluster.credentials.tokens.create(
            id: call.cluster.randomUUID().description, owner: owner, requester: requester,
            renewers: request.renewers.map(\.principalName), lifetime: request.maxLifetimeMs,
            at: call.cluster.wallMilliseconds
        )
        var response = CreateDelegationTokenResponse()
        response.principalType = Identity.principalType
        response.principalName = token.owner
        response.tokenRequesterPrincipalType = Identity.principalType
        response.tokenRequesterPrincipalName = token.requester
        response.issueTimestampMs = token.issuedAt
        response.expiryTimestampMs = token.expiresAt
        response.maxTimestampMs = token.endsAtLatest
        response.tokenId = token.id
        response.hmac = Bytes(token.hmac)
        call.answer(response)
    }

    static func fail(_ request: CreateDelegationTokenRequest, _ error: ErrorCode, _ call: Call) {
        var response = CreateDelegationTokenResponse()
        response.errorCode = error
        call.answer(response)
    }
}
