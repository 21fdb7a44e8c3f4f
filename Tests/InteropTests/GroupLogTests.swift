// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Testing

/// The log detects overlaps.
@Suite struct GroupLogTests {
    private let partition = TopicPartition("t", 0)

    @Test func anOrderlyHandoverIsNoOverlap() {
        let log = GroupLog()
        log.add("a", .assigning, [self.partition], at: 1)
        log.add("a", .revoking, [self.partition], at: 2)
        // Received late from another process.
        log.add("b", .assigning, [self.partition], at: 4)
        log.add("a", .revoked, [self.partition], at: 3)
        #expect(log.view.overlaps.isEmpty)
    }

    @Test func aPartitionAssignedBeforeItIsRevokedIsAnOverlap() {
        let log = GroupLog()
        log.add("a", .assigning, [self.partition], at: 1)
        log.add("b", .assigning, [self.partition], at: 3)
        log.add("a", .revoked, [self.partition], at: 4)
        #expect(log.view.overlaps.map(\.member) == ["b"])
    }

    @Test func aLostPartitionMayBeAssigned() {
        let log = GroupLog()
        log.add("a", .assigning, [self.partition], at: 1)
        log.add("a", .lost, [self.partition], at: 2)
        log.add("b", .assigning, [self.partition], at: 3)
        #expect(log.view.overlaps.isEmpty)
    }

    @Test func whoReadsARecordAgainIsKnown() {
        let log = GroupLog()
        for (offset, member) in [(0, "a"), (1, "a"), (1, "b"), (2, "b")] {
            log.read(Int64(offset), of: self.partition, by: member)
        }
        log.read(1, of: TopicPartition("t", 1), by: "c")
        #expect(log.view.repetitions == [["a", "b"]])
    }
}
