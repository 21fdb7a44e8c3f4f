// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The number of partitions that a topic is to have.
public struct NewPartitions: Hashable, Sendable {
    /// The number of partitions, including those that the topic has already.
    public var totalCount: Int
    /// The brokers with the replicas of each new partition, the preferred leader first. Nil if the broker chooses.
    public var assignments: [[Int32]]?

    /// Creates the number of partitions.
    public init(totalCount: Int, assignments: [[Int32]]? = nil) {
        self.totalCount = totalCount
        self.assignments = assignments
    }
}
