// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// Sets and deletes SCRAM credentials (KIP-554). An item is a user's name.
struct AlterUserSCRAMCredentialsCall: Call {
    typealias Request = AlterUserScramCredentialsRequest

    /// A credential as brokers keep it, from which the password can't be computed.
    struct SaltedCredential: Sendable {
        var info: SCRAMCredentialInfo
        var salt: Bytes
        var saltedPassword: Bytes
    }

    /// The change of one user. Brokers refuse a request that names a user twice.
    enum Change: Sendable {
        case upsertion(SaltedCredential)
        case deletion(SCRAMCredentialInfo.Mechanism)
    }

    var users: [String: Change]

    var doing: String { "changing SCRAM credentials" }
    /// After a credential was deleted, a repeated request would be refused because there is none.
    var isRepeatable: Bool {
        self.users.values.allSatisfy { if case .upsertion = $0 { true } else { false } }
    }

    func destination(of user: String) -> Destination { .controller }

    func request(for users: [String], to recipient: Recipient) throws(KafkaError) -> AlterUserScramCredentialsRequest {
        var request = AlterUserScramCredentialsRequest()
        for user in users {
            switch self.users[user] {
            case .upsertion(let credential)?:
                var upsertion = AlterUserScramCredentialsRequest.ScramCredentialUpsertion()
                upsertion.name = user
                upsertion.mechanism = credential.info.mechanism.rawValue
                upsertion.iterations = Int32(clamping: credential.info.iterations)
                upsertion.salt = credential.salt
                upsertion.saltedPassword = credential.saltedPassword
                request.upsertions.append(upsertion)
            case .deletion(let mechanism)?:
                var deletion = AlterUserScramCredentialsRequest.ScramCredentialDeletion()
                deletion.name = user
                deletion.mechanism = mechanism.rawValue
                request.deletions.append(deletion)
            case nil:
                break
            }
        }
        return request
    }

    func outcomes(
        of response: AlterUserScramCredentialsResponse, to users: [String], from recipient: Recipient
    ) -> [String: CallOutcome<Void>] {
        var outcomes: [String: CallOutcome<Void>] = [:]
        for answer in response.results {
            outcomes[answer.user] =
                answer.errorCode == .none
                ? .done(()) : self.refused(answer.errorCode, answer.user, by: recipient, message: answer.errorMessage)
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about user: String) {
        error.message += " (It is about the user \(user).)"
    }
}
