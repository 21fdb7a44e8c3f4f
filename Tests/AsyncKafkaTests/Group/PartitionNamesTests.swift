// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AsyncKafka

/// The names of partitions in the log.
@Suite struct PartitionNamesTests {
    @Test func consecutivePartitionsAreAbbreviated() {
        let partitions = [3, 0, 7, 2, 1].map { TopicPartition("orders", $0) } + [TopicPartition("a", 5)]
        #expect(partitions.names == "a-5, orders-0…3, orders-7")
        #expect([TopicPartition]().names == "")
        #expect([TopicPartition("t", .max)].names == "t-2147483647")
    }

    @Test func longListsAreTruncated() {
        let partitions = (0..<Int32(1000)).map { TopicPartition("t", $0 * 2) }
        #expect(partitions.names.split(separator: ", ").count == 101)
        #expect(partitions.names.hasSuffix("t-198, …"))
    }
}
