// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Lists the SCRAM credentials of users (KIP-554). An item is a user's name, or nil for all users.
struct DescribeUserSCRAMCredentialsCall: Call {
    typealias Request = DescribeUserScramCredentialsRequest
    typealias Value = [String: [SCRAMCredentialInfo]]

    var doing: String { "describing SCRAM credentials" }

    func destination(of user: String?) -> Destination { .anyBroker }

    func request(
        for users: [String?], to recipient: Recipient
    ) throws(KafkaError) -> DescribeUserScramCredentialsRequest {
        var request = DescribeUserScramCredentialsRequest()
        request.users =
            users.contains(nil)
            ? nil
            : users.compactMap { $0 }.map { name in
                var user = DescribeUserScramCredentialsRequest.UserName()
                user.name = name
                return user
            }
        return request
    }

    func outcomes(
        of response: DescribeUserScramCredentialsResponse, to users: [String?], from recipient: Recipient
    ) -> [String?: CallOutcome<Value>] {
        guard response.errorCode == .none else {
            let refusals = users.map { user in
                (user, self.refused(response.errorCode, user, by: recipient, message: response.errorMessage))
            }
            return Dictionary(refusals) { first, _ in first }
        }
        var outcomes: [String?: CallOutcome<Value>] = [:]
        var all: Value = [:]
        for answer in response.results {
            let credentials = answer.credentialInfos.map {
                SCRAMCredentialInfo(
                    mechanism: SCRAMCredentialInfo.Mechanism(rawValue: $0.mechanism), iterations: Int($0.iterations))
            }.sorted { $0.mechanism.rawValue < $1.mechanism.rawValue }
            if answer.errorCode == .none { all[answer.user] = credentials }
            outcomes[answer.user] =
                answer.errorCode == .none
                ? .done([answer.user: credentials])
                : self.refused(answer.errorCode, answer.user, by: recipient, message: answer.errorMessage)
        }
        guard users.contains(nil) else { return outcomes }
        // A user who is left out would seem to have no credentials.
        let failed = response.results.first { $0.errorCode != .none && $0.errorCode != .resourceNotFound }
        return [nil: failed.flatMap { outcomes[$0.user] } ?? .done(all)]
    }

    func annotate(_ error: inout KafkaError, about user: String?) {
        if let user { error.message += " (It is about the user \(user).)" }
    }
}
