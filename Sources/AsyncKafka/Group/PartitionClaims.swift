// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// What the members of a group claim to have been assigned before.
struct PartitionClaims {
    /// The claimed partitions with the member (by position) that is believed. If two members claim a partition, the newer
    /// generation is believed; if both name the same generation, neither is.
    private(set) var believed: [TopicPartition: Int?] = [:]

    /// - Parameter claims: each member's partitions and the generation in which it was assigned them, -1 if unknown.
    init(_ claims: [MemberAssignment]) {
        var generations: [TopicPartition: Int32] = [:]
        for (member, claim) in claims.enumerated() {
            for partition in Set(claim.partitions) {
                guard let other = generations[partition], other >= claim.generation else {
                    generations[partition] = claim.generation
                    self.believed.updateValue(member, forKey: partition)
                    continue
                }
                if other == claim.generation { self.believed.updateValue(nil, forKey: partition) }
            }
        }
    }
}
