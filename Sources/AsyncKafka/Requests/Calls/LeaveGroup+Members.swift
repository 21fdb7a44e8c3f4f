// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Removes members of a group on behalf of an administrator (KIP-345, Kafka 2.4).
struct RemoveMembersCall: GroupCall {
    typealias Request = LeaveGroupRequest

    var group: String
    var reason: String
    /// Whether a member that isn't in the group is a success.
    var ignoresMissing: Bool

    /// The first version that names members of others.
    private static let firstWithMembers: Int16 = 3

    var doing: String { "removing members of a group" }
    /// After a member was removed, a repeated request would be refused, or would remove its successor with the same
    /// instance id.
    var isRepeatable: Bool { self.ignoresMissing }

    func request(
        for members: [GroupMemberIdentity], to recipient: Recipient
    ) throws(KafkaError) -> LeaveGroupRequest {
        guard recipient.version >= Self.firstWithMembers else {
            throw KafkaError(
                .unsupportedVersion,
                "The broker lets members only remove themselves. Removing others came with Kafka 2.4: stop the clients.",
                broker: recipient.broker.description, group: self.group)
        }
        var request = LeaveGroupRequest()
        request.groupId = self.group
        request.members = members.map { member in
            var identity = LeaveGroupRequest.MemberIdentity()
            switch member {
            case .member(let id): identity.memberId = id
            case .instance(let id): identity.groupInstanceId = id
            }
            if recipient.version >= 5 { identity.reason = self.reason }
            return identity
        }
        return request
    }

    func outcomes(
        of response: LeaveGroupResponse, to members: [GroupMemberIdentity], from recipient: Recipient
    ) -> [GroupMemberIdentity: CallOutcome<Void>] {
        if response.errorCode != .none {
            return Dictionary(
                members.map { ($0, self.refused(response.errorCode, $0, by: recipient)) }
            ) { first, _ in first }
        }
        let asked = Set(members)
        var outcomes: [GroupMemberIdentity: CallOutcome<Void>] = [:]
        for answer in response.members {
            // A broker may add the member id to an instance id.
            let instance = answer.groupInstanceId.map(GroupMemberIdentity.instance)
            let member = instance.flatMap { asked.contains($0) ? $0 : nil } ?? .member(answer.memberId)
            switch answer.errorCode {
            case .none:
                outcomes[member] = .done(())
            case .unknownMemberId where self.ignoresMissing:
                outcomes[member] = .done(())
            default:
                outcomes[member] = self.refused(answer.errorCode, member, by: recipient)
            }
        }
        return outcomes
    }

    func annotate(_ error: inout KafkaError, about member: GroupMemberIdentity) {
        error.group = self.group
        error.message += " (It is about \(member).)"
    }
}
