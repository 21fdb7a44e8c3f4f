// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

enum AlterUserScramCredentialsEndpoint: Endpoint {
    static let name = "AlterUserScramCredentials"

    static func access(_ request: AlterUserScramCredentialsRequest) -> Access { .needs(.alter, .cluster) }

    static func handle(_ request: AlterUserScramCredentialsRequest, _ call: Call) {
        let credentials = call.cluster.credentials
        self.answer(request, call) { user throws(BrokerError) in
            let deletions = request.deletions.filter { $0.name == user }
            let upsertions = request.upsertions.filter { $0.name == user }
            guard !user.isEmpty else { throw BrokerError(.unacceptableCredential, "The user's name is empty.") }
            let mechanisms = deletions.map(\.mechanism) + upsertions.map(\.mechanism)
            guard Set(mechanisms).count == mechanisms.count else {
                throw BrokerError(.duplicateResource, "The request changes a credential of '\(user)' more than once.")
            }
            var ids: [UserCredentials.KeysID] = []
            for deletion in deletions {
                let id = try self.id(user, deletion.mechanism)
                guard credentials.hasKeys(id) else {
                    throw BrokerError(
                        .resourceNotFound, "'\(user)' has no credential for \(id.hash.scramName).")
                }
                ids.append(id)
            }
            var keys: [UserCredentials.KeysID: ScramKeys] = [:]
            for upsertion in upsertions {
                let id = try self.id(user, upsertion.mechanism)
                guard ScramKeys.iterations.contains(Int(upsertion.iterations)) else {
                    throw BrokerError(
                        .unacceptableCredential,
                        "\(upsertion.iterations) iterations are not between \(ScramKeys.iterations.lowerBound) and "
                            + "\(ScramKeys.iterations.upperBound).")
                }
                keys[id] = ScramKeys(
                    saltedPassword: Array(upsertion.saltedPassword), salt: Array(upsertion.salt),
                    iterations: Int(upsertion.iterations), by: id.hash)
            }
            for id in ids { credentials.setKeys(nil, of: id) }
            for (id, keys) in keys { credentials.setKeys(keys, of: id) }
        }
    }

    private static func id(_ user: String, _ mechanism: Int8) throws(BrokerError) -> UserCredentials.KeysID {
        guard let hash = HashFunction(scramNumber: mechanism) else {
            throw BrokerError(.unsupportedSaslMechanism, "There is no SCRAM mechanism \(mechanism).")
        }
        return UserCredentials.KeysID(user: user, hash: hash)
    }

    /// Changes the credentials of each user and answers with the results. All changes of a user are made, or none is.
    private static func answer(
        _ request: AlterUserScramCredentialsRequest, _ call: Call, _ change: (String) throws(BrokerError) -> Void
    ) {
        var response = AlterUserScramCredentialsResponse()
        for user in Set(request.deletions.map(\.name) + request.upsertions.map(\.name)).sorted() {
            var result = AlterUserScramCredentialsResponse.AlterUserScramCredentialsResult()
            result.user = user
            result.errorMessage = nil
            do throws(BrokerError) {
                try change(user)
            } catch {
                result.errorCode = error.code
                result.errorMessage = error.message
            }
            response.results.append(result)
        }
        call.answer(response)
    }

    static func fail(_ request: AlterUserScramCredentialsRequest, _ error: ErrorCode, _ call: Call) {
        self.answer(request, call) { _ throws(BrokerError) in throw BrokerError(error) }
    }
}
