// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Lists the groups that brokers coordinate.
struct ListGroupsCall: Call {
    typealias Request = ListGroupsRequest

    /// The states to list. Nil for all.
    var states: Set<GroupState>?
    /// The types to list. Nil for all.
    var types: Set<GroupType>?

    /// The version in which brokers report states and filter by them (KIP-518, Kafka 2.6).
    private static let firstWithStates: Int16 = 4
    /// The version in which brokers report types and filter by them (KIP-848, Kafka 3.8).
    private static let firstWithTypes: Int16 = 5

    var doing: String { "listing groups" }

    func destination(of broker: Int32) -> Destination { .broker(broker) }

    func request(for brokers: [Int32], to recipient: Recipient) throws(KafkaError) -> ListGroupsRequest {
        var request = ListGroupsRequest()
        if recipient.version >= Self.firstWithStates { request.statesFilter = (self.states ?? []).map(\.rawValue).sorted() }
        if recipient.version >= Self.firstWithTypes { request.typesFilter = (self.types ?? []).map(\.rawValue).sorted() }
        return request
    }

    func outcomes(
        of response: ListGroupsResponse, to brokers: [Int32], from recipient: Recipient
    ) -> [Int32: CallOutcome<[GroupListing]>] {
        let groups = response.groups.map { group in
            GroupListing(
                id: group.groupId,
                type: recipient.version >= Self.firstWithTypes ? GroupType(rawValue: group.groupType) : nil,
                state: recipient.version >= Self.firstWithStates ? GroupState(rawValue: group.groupState) : nil,
                protocolType: group.protocolType)
        }
        let outcome: (Int32) -> CallOutcome<[GroupListing]> = { broker in
            response.errorCode == .none
                ? .done(groups) : self.refused(response.errorCode, broker, by: recipient)
        }
        return Dictionary(brokers.map { ($0, outcome($0)) }) { first, _ in first }
    }
}
