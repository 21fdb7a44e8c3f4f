// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

extension KafkaAdminClient {
    /// Sets the committed offsets of a group that has no members to a place in the logs.
    ///
    /// ```swift
    /// for change in try await admin.resetGroupOffsets(of: "billing", to: .age(.seconds(3600)), dryRun: true) {
    ///     print(change)
    /// }
    /// ```
    ///
    /// The offsets are committed at once after all of them are known. Metadata that was stored with earlier offsets is dropped.
    ///
    /// - Parameters:
    ///   - group: The group's id. The group is created if it doesn't exist.
    ///   - partitions: The partitions, or nil for all that the group has committed offsets for, or with `.group` those of the
    ///     other group. Default: nil.
    ///   - target: The place in the log of each partition.
    ///   - dryRun: Whether the changes are only planned and returned. Default: false.
    ///   - timeout: The maximum duration of the call. Default: ``KafkaClientConfiguration/apiTimeout``.
    /// - Returns: The changes, by topic and partition, also where the new offset equals the current one.
    /// - Throws: The `brokerCode` is `.nonEmptyGroup` if the group has members. `.invalidArgument` if an offset is to be shifted and
    ///   none is committed, or for a timestamp before 1970. `.unknownTopicOrPartition` at the timeout if a partition doesn't
    ///   exist. Nothing is changed then. If a commit is refused, other offsets may be committed; repeat the call.
    @discardableResult
    public func resetGroupOffsets(
        of group: String, partitions: [TopicPartition]? = nil, to target: OffsetReset, dryRun: Bool = false,
        timeout: Duration? = nil
    ) async throws(KafkaError) -> [OffsetChange] {
        if case .timestamp(let time) = target, time.millisecondsSince1970 < 0 {
            throw KafkaError(.invalidArgument, "A timestamp must not be before 1970; it is \(time).", group: group)
        }
        let deadline = self.deadline(timeout)
        // The commit would be refused, but a dry run should tell, too.
        try await self.requireNoMembers(group, deadline: deadline)
        var plan = OffsetResetPlan(target: target, group: group, current: try await self.offsets(of: group, deadline))
        if case .group(let other) = target { plan.others = try await self.offsets(of: other, deadline) }
        var wanted = partitions ?? Array(plan.current.keys)
        if case .group = target {
            wanted = (partitions ?? Array(plan.others.keys)).filter { plan.others[$0] != nil }
        }
        let changes = try await self.changes(
            of: Array(Set(wanted)).sorted(), plan, deadline: deadline, timeout: timeout)
        guard !dryRun else { return changes }
        let offsets = changes.map { ($0.partition, OffsetAndMetadata(offset: $0.new)) }
        try await self.commit(Dictionary(offsets) { $1 }, of: group, deadline: deadline).allSucceeded()
        return changes
    }

    private func requireNoMembers(_ group: String, deadline: MonotonicTime) async throws(KafkaError) {
        do throws(KafkaError) {
            let described = await self.describe([group], as: [.consumer, .classic], deadline: deadline)
            guard let description = try described[group]?.get() else { return }
            if !description.members.isEmpty { throw .hasMembers(group) }
        } catch {
            // A group that doesn't exist has no members.
            if error.brokerCode != .groupIdNotFound { throw error }
        }
    }

    private func offsets(
        of group: String, _ deadline: MonotonicTime
    ) async throws(KafkaError) -> [TopicPartition: Int64] {
        let results = await self.cluster.perform(
            GroupOffsetsCall(pending: .ignored), for: [group], deadline: deadline)
        return try results[group]?.get().mapValues(\.offset) ?? [:]
    }

    private func changes(
        of partitions: [TopicPartition], _ plan: OffsetResetPlan, deadline: MonotonicTime, timeout: Duration?
    ) async throws(KafkaError) -> [OffsetChange] {
        func list(_ target: OffsetTarget) async -> [TopicPartition: Result<ListedOffset?, KafkaError>] {
            await self.list(
                Dictionary(partitions.map { ($0, target) }) { $1 }, .readUncommitted, deadline: deadline,
                timeout: timeout)
        }
        let starts = try await list(.earliest).allSucceeded()
        let ends = try await list(.latest).allSucceeded()
        var found: [TopicPartition: ListedOffset?] = [:]
        if let target = plan.lookUp { found = try await list(target).allSucceeded() }
        var changes: [OffsetChange] = []
        for partition in partitions {
            let start = starts[partition].flatMap(\.self)?.offset ?? 0
            let end = max(start, ends[partition].flatMap(\.self)?.offset ?? start)
            let offset = found[partition].flatMap(\.self)?.offset
            if let change = try plan.change(of: partition, log: start...end, found: offset) { changes.append(change) }
        }
        return changes
    }
}
