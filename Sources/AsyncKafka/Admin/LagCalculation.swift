// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Puts together the lags of groups from what the cluster says about groups, committed offsets and logs.
struct LagCalculation {
    var descriptions: [String: Result<GroupDescription, KafkaError>]
    var offsets: [String: Result<[TopicPartition: OffsetAndMetadata], KafkaError>]
    /// The ends of the logs. A partition that is missing here doesn't exist.
    var ends: [TopicPartition: Result<ListedOffset?, KafkaError>] = [:]

    init(
        descriptions: [String: Result<GroupDescription, KafkaError>],
        offsets: [String: Result<[TopicPartition: OffsetAndMetadata], KafkaError>]
    ) {
        self.descriptions = descriptions
        self.offsets = offsets
    }

    /// The partitions of all groups.
    var partitions: Set<TopicPartition> {
        Set(self.descriptions.keys.flatMap { self.partitions(of: $0) })
    }

    private func partitions(of group: String) -> Set<TopicPartition> {
        guard case .success(let description)? = self.descriptions[group],
            case .success(let offsets)? = self.offsets[group]
        else { return [] }
        return Set(offsets.keys).union(description.members.flatMap(\.assignment))
    }

    var results: [String: Result<GroupLag, KafkaError>] {
        Dictionary(uniqueKeysWithValues: self.descriptions.keys.map { ($0, self.lag(of: $0)) })
    }

    private func lag(of group: String) -> Result<GroupLag, KafkaError> {
        Result { () throws(KafkaError) in
            let members = try self.descriptions[group]?.get().members ?? []
            let offsets = try self.offsets[group]?.get() ?? [:]
            let owners = members.flatMap { member in member.assignment.map { ($0, member.id) } }
            let owner = Dictionary(owners) { first, _ in first }
            var partitions: [PartitionLag] = []
            for partition in self.partitions(of: group).sorted() {
                partitions.append(
                    PartitionLag(
                        partition: partition, committed: offsets[partition],
                        logEnd: try self.ends[partition]?.get()?.offset, memberID: owner[partition]))
            }
            return GroupLag(group: group, partitions: partitions)
        }
    }
}
