// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

enum DescribeDelegationTokenEndpoint: Endpoint {
    static let name = "DescribeDelegationToken"

    static func access(_ request: DescribeDelegationTokenRequest) -> Access { .byItem }

    static func handle(_ request: DescribeDelegationTokenRequest, _ call: Call) {
        guard let user = call.tokenHolder else { return self.fail(request, .delegationTokenRequestNotAllowed, call) }
        let owners = request.owners.map { Set($0.map(\.principalName)) }
        var response = DescribeDelegationTokenResponse()
        response.tokens = call.cluster.credentials.tokens.all(at: call.cluster.wallMilliseconds)
            .filter { token in owners?.contains(token.owner) ?? true }
            .filter { token in
                token.concerns(user) || call.permits(.describe, .delegationToken(token.id))
                    || call.permits(.describeTokens, .user("\(Identity.principalType):\(token.owner)"))
            }
            .map(self.describe)
        call.answer(response)
    }

    private static func describe(_ token: DelegationToken) -> DescribeDelegationTokenResponse.DescribedDelegationToken {
        var described = DescribeDelegationTokenResponse.DescribedDelegationToken()
        described.principalType = Identity.principalType
        described.principalName = token.owner
        described.tokenRequesterPrincipalType = Identity.principalType
        described.tokenRequesterPrincipalName = token.requester
        described.issueTimestamp = token.issuedAt
        described.expiryTimestamp = token.expiresAt
        described.maxTimestamp = token.endsAtLatest
        described.tokenId = token.id
        described.hmac = Bytes(token.hmac)
        described.renewers = token.renewers.map { name in
            var renewer = DescribeDelegationTokenResponse.DescribedDelegationTokenRenewer()
            renewer.principalType = Identity.principalType
            renewer.principalName = name
            return renewer
        }
        return described
    }

    static func fail(_ request: DescribeDelegationTokenRequest, _ error: ErrorCode, _ call: Call) {
        var response = DescribeDelegationTokenResponse()
        response.errorCode = error
        call.answer(response)
    }
}
