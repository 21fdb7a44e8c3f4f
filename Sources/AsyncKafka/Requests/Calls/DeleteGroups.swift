// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

struct DeleteGroupsCall: GroupsCall {
    typealias Request = DeleteGroupsRequest

    var ignoresMissing: Bool

    var doing: String { "deleting groups" }
    /// After a group was deleted, a repeated request would be refused because there is no such group.
    var isRepeatable: Bool { self.ignoresMissing }

    func request(for groups: [String], to recipient: Recipient) throws(KafkaError) -> DeleteGroupsRequest {
        var request = DeleteGroupsRequest()
        request.groupsNames = groups
        return request
    }

    func outcomes(
        of response: DeleteGroupsResponse, to groups: [String], from recipient: Recipient
    ) -> [String: CallOutcome<Void>] {
        var outcomes: [String: CallOutcome<Void>] = [:]
        for answer in response.results {
            switch answer.errorCode {
            case .none:
                outcomes[answer.groupId] = .done(())
            case .groupIdNotFound where self.ignoresMissing:
                outcomes[answer.groupId] = .done(())
            default:
                outcomes[answer.groupId] = self.refused(
                    answer.errorCode, answer.groupId, by: recipient, message: answer.errorMessage)
            }
        }
        return outcomes
    }
}
