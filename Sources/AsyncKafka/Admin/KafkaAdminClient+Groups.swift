// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

extension KafkaAdminClient {
    /// Lists the groups of the cluster that the client may describe. Every broker is asked for the groups that it coordinates.
    ///
    /// - Parameters:
    ///   - states: The states of the groups to list, or nil for all. Brokers below Kafka 2.6 don't list by state, so the groups
    ///     are described to learn it. Default: nil.
    ///   - types: The types of the groups to list, or nil for all. Brokers below Kafka 3.8 have only classic groups. Default:
    ///     nil.
    ///   - protocolTypes: What the groups to list are for, such as `consumer` or `connect`, or nil for all. Default: nil.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: The groups, sorted by id.
    /// - Throws: The errors of all calls. If one broker doesn't answer, the call fails, since groups would be missing.
    public func listGroups(
        states: Set<GroupState>? = nil, types: Set<GroupType>? = nil, protocolTypes: Set<String>? = nil,
        timeout: Duration? = nil
    ) async throws(KafkaError) -> [GroupListing] {
        if states?.isEmpty == true || types?.isEmpty == true || protocolTypes?.isEmpty == true { return [] }
        let deadline = self.deadline(timeout)
        let call = ListGroupsCall(states: states, types: types)
        var groups = try await self.askEveryBroker(call, deadline: deadline).flatMap(\.self).filter { group in
            (types?.contains(group.type ?? .classic) ?? true)
                && (protocolTypes?.contains(group.protocolType) ?? true)
        }
        if let states {
            groups = try await self.withStates(groups, deadline: deadline).filter { group in
                group.state.map(states.contains) ?? false
            }
        }
        // A group that moves to another coordinator meanwhile may be listed twice.
        let unique = Dictionary(groups.map { ($0.id, $0) }) { $1 }
        return unique.values.sorted { $0.id < $1.id }
    }

    /// Adds the states that the brokers have not listed.
    private func withStates(
        _ groups: [GroupListing], deadline: MonotonicTime
    ) async throws(KafkaError) -> [GroupListing] {
        let unknown = groups.filter { $0.state == nil }.map(\.id)
        guard !unknown.isEmpty else { return groups }
        let results = await self.cluster.perform(
            DescribeGroupsCall(includesAuthorizedOperations: false), for: unknown, deadline: deadline)
        var states: [String: GroupState] = [:]
        for (group, result) in results {
            do throws(KafkaError) {
                states[group] = try result.get().state
            } catch {
                // The group was deleted meanwhile.
                guard error.brokerCode == .groupIdNotFound else { throw error }
            }
        }
        return groups.map { group in
            var group = group
            group.state = group.state ?? states[group.id]
            return group
        }
    }

    /// Performs a call whose items are brokers at every broker of the cluster.
    func askEveryBroker<C: Call>(
        _ call: C, deadline: MonotonicTime
    ) async throws(KafkaError) -> [C.Value] where C.Item == Int32 {
        let brokers = try await self.cluster.refreshedMetadata(deadline: deadline).brokers.keys
        return Array(
            try await self.cluster.perform(call, for: Array(brokers), deadline: deadline).allSucceeded().values)
    }

    /// Describes groups of consumers and other classic groups, and share groups, with their members.
    ///
    /// - Parameters:
    ///   - ids: The ids of the groups.
    ///   - type: The type of the groups: `.classic`, `.consumer` or `.share`. If it is nil, they may be of any of these types,
    ///     which takes up to three requests to a coordinator. Default: nil.
    ///   - includeAuthorizedOperations: Whether the operations that the client is authorized for are included (KIP-430).
    ///     Default: false.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each group, by id. The `brokerCode` is `.groupIdNotFound` if there is no such group, or none of
    ///   the type. It is `.unsupportedVersion` if the brokers don't have groups of the type, and `.invalidArgument` for another
    ///   type.
    public func describeGroups(
        _ ids: [String], type: GroupType? = nil, includeAuthorizedOperations: Bool = false, timeout: Duration? = nil
    ) async -> [String: Result<GroupDescription, KafkaError>] {
        await self.describe(
            ids, as: type.map { [$0] } ?? [.consumer, .classic, .share],
            includeAuthorizedOperations: includeAuthorizedOperations, deadline: self.deadline(timeout))
    }

    /// Describes groups that are of one of the types, which are tried in this order.
    func describe(
        _ ids: [String], as types: [GroupType] = [.consumer, .classic, .share],
        includeAuthorizedOperations: Bool = false, deadline: MonotonicTime
    ) async -> [String: Result<GroupDescription, KafkaError>] {
        var results: [String: Result<GroupDescription, KafkaError>] = [:]
        for type in types {
            let unknown = ids.filter { results[$0].map(Self.isOfAnotherType) ?? true }
            if unknown.isEmpty { break }
            let found = await self.describe(
                unknown, as: type, includeAuthorizedOperations: includeAuthorizedOperations, deadline: deadline)
            results.merge(found) { before, now in
                // If brokers don't have the next type, the answer for the one before holds.
                Self.isUnsupported(now) && !Self.isUnsupported(before) ? before : now
            }
        }
        return results
    }

    private func describe(
        _ ids: [String], as type: GroupType, includeAuthorizedOperations: Bool, deadline: MonotonicTime
    ) async -> [String: Result<GroupDescription, KafkaError>] {
        switch type {
        case .classic:
            let call = DescribeGroupsCall(includesAuthorizedOperations: includeAuthorizedOperations)
            return await self.cluster.perform(call, for: ids, deadline: deadline)
        case .consumer:
            let call = ConsumerGroupDescribeCall(includesAuthorizedOperations: includeAuthorizedOperations)
            return await self.cluster.perform(call, for: ids, deadline: deadline)
        case .share:
            let call = ShareGroupDescribeCall(includesAuthorizedOperations: includeAuthorizedOperations)
            return await self.cluster.perform(call, for: ids, deadline: deadline)
        default:
            let failures = ids.map { id in
                let error = KafkaError(.invalidArgument, "Groups of type \(type) can't be described.", group: id)
                return (id, Result<GroupDescription, KafkaError>.failure(error))
            }
            return Dictionary(failures) { first, _ in first }
        }
    }

    private static func isOfAnotherType(_ result: Result<GroupDescription, KafkaError>) -> Bool {
        guard case .failure(let error) = result else { return false }
        return error.brokerCode == .groupIdNotFound || error.code == .unsupportedVersion
    }

    private static func isUnsupported(_ result: Result<GroupDescription, KafkaError>) -> Bool {
        if case .failure(let error) = result { error.code == .unsupportedVersion } else { false }
    }

    /// Deletes groups of any type with their committed offsets. A group must have no members.
    ///
    /// - Parameters:
    ///   - ids: The ids of the groups.
    ///   - ifMissing: Whether a group that doesn't exist is an error, whose `brokerCode` is `.groupIdNotFound`, or a success.
    ///     Default: `.fail`.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each group, by id. The `brokerCode` is `.nonEmptyGroup` for a group with members. If
    ///   `isOutcomeUnknown` is true, the group may have been deleted; with `.ignore`, the library repeats the request instead.
    public func deleteGroups(
        _ ids: [String], ifMissing: ConflictPolicy = .fail, timeout: Duration? = nil
    ) async -> [String: Result<Void, KafkaError>] {
        await self.perform(DeleteGroupsCall(ignoresMissing: ifMissing == .ignore), for: ids, timeout: timeout)
    }

    /// Removes members from a group of consumers. Their partitions are assigned to the other members. A member that runs joins
    /// again, so stop it first (KIP-345). Requires Kafka 2.4.
    ///
    /// - Parameters:
    ///   - members: The members, by member id or instance id.
    ///   - group: The group's id.
    ///   - reason: The reason for the coordinator's log (KIP-800, Kafka 3.2). Default: that an administrator has removed it.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: A result for each member. The `brokerCode` is `.unknownMemberId` for one that isn't in the group. It is
    ///   `.unsupportedVersion` with brokers below Kafka 2.4. If `isOutcomeUnknown` is true, the member may have been removed.
    public func removeMembers(
        _ members: [GroupMemberIdentity], from group: String, reason: String? = nil, timeout: Duration? = nil
    ) async -> [GroupMemberIdentity: Result<Void, KafkaError>] {
        let call = RemoveMembersCall(group: group, reason: Self.removal(reason), ignoresMissing: false)
        return await self.perform(call, for: members, timeout: timeout)
    }

    /// Removes all members from a group, as ``KafkaAdminClient/removeMembers(_:from:reason:timeout:)``. Members that leave meanwhile count as
    /// removed.
    ///
    /// - Parameters:
    ///   - group: The group's id.
    ///   - reason: The reason for the coordinator's log (KIP-800, Kafka 3.2). Default: that an administrator has removed them.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: The members that were in the group.
    /// - Throws: The error of a member that could not be removed, and the errors of describing the group.
    @discardableResult
    public func removeAllMembers(
        from group: String, reason: String? = nil, timeout: Duration? = nil
    ) async throws(KafkaError) -> [GroupMember] {
        let deadline = self.deadline(timeout)
        let described = await self.describe([group], deadline: deadline)
        guard let members = try described[group]?.get().members, !members.isEmpty else { return [] }
        // A static member that restarts has another member id, and the same instance id.
        let identities = members.map { member in
            member.instanceID.map(GroupMemberIdentity.instance) ?? .member(member.id)
        }
        let call = RemoveMembersCall(group: group, reason: Self.removal(reason), ignoresMissing: true)
        try await self.cluster.perform(call, for: identities, deadline: deadline).allSucceeded()
        return members
    }

    private static func removal(_ reason: String?) -> String {
        reason.map { "An administrator removed the member: \($0)" } ?? "An administrator removed the member."
    }
}
