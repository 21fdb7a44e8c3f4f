// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum DescribeUserScramCredentialsEndpoint: Endpoint {
    static let name = "DescribeUserScramCredentials"

    private typealias Result = DescribeUserScramCredentialsResponse.DescribeUserScramCredentialsResult

    static func access(_ request: DescribeUserScramCredentialsRequest) -> Access { .needs(.describe, .cluster) }

    static func handle(_ request: DescribeUserScramCredentialsRequest, _ call: Call) {
        let credentials = call.cluster.credentials
        let named = (request.users ?? []).map(\.name)
        var response = DescribeUserScramCredentialsResponse()
        response.errorMessage = nil
        response.results = (named.isEmpty ? credentials.scramUsers : Set(named).sorted()).map { user in
            let keys = credentials.scramKeys(of: user)
            if named.count(where: { $0 == user }) > 1 {
                return self.refused(user, .duplicateResource, "The request names '\(user)' more than once.")
            }
            guard !keys.isEmpty else {
                return self.refused(user, .resourceNotFound, "'\(user)' has no SCRAM credentials.")
            }
            var result = self.result(user)
            result.credentialInfos = keys.map { hash, iterations in
                var info = DescribeUserScramCredentialsResponse.CredentialInfo()
                info.mechanism = hash.scramNumber
                info.iterations = Int32(clamping: iterations)
                return info
            }
            return result
        }
        call.answer(response)
    }

    private static func result(_ user: String) -> Result {
        var result = Result()
        result.user = user
        result.errorMessage = nil
        return result
    }

    private static func refused(_ user: String, _ error: ErrorCode, _ message: String) -> Result {
        var result = self.result(user)
        result.errorCode = error
        result.errorMessage = message
        return result
    }

    static func fail(_ request: DescribeUserScramCredentialsRequest, _ error: ErrorCode, _ call: Call) {
        var response = DescribeUserScramCredentialsResponse()
        response.errorCode = error
        response.errorMessage = nil
        call.answer(response)
    }
}
