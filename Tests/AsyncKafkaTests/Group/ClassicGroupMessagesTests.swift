// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Testing

@testable import AsyncKafka

@Suite struct ClassicGroupMessagesTests {
    private func hex(_ text: String) -> Bytes {
        let digits = Array(text.filter { $0 != " " })
        return Bytes(
            stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0...$0 + 1]), radix: 16) ?? 0 })
    }

    // As encoded by Kafka's Java client 4.4: version 3, topics, null user data, owned partitions, generation, null
    // rack.
    @Test func aSubscriptionHasTheBytesOfKafkasOwnClient() throws {
        let bytes = try ClassicGroupMessages.encode(
            GroupMemberSubscription(
                memberID: "m", topics: ["b", "a"], ownedPartitions: [TopicPartition("a", 1), TopicPartition("a", 0)],
                generation: 5))
        #expect(
            bytes
                == self.hex(
                    "0003 00000002 000161 000162 ffffffff 00000001 000161 00000002 00000000 00000001 00000005 ffff"))
    }

    @Test func anAssignmentHasTheBytesOfKafkasOwnClient() throws {
        let bytes = try ClassicGroupMessages.encode([TopicPartition("a", 1), TopicPartition("a", 0)])
        #expect(bytes == self.hex("0003 00000001 000161 00000002 00000000 00000001 ffffffff"))
    }

    @Test func everyVersionOfASubscriptionIsRead() throws {
        let versions = [
            "0000 00000001 000161 ffffffff",
            "0001 00000001 000161 ffffffff 00000001 000161 00000001 00000002",
            "0002 00000001 000161 ffffffff 00000001 000161 00000001 00000002 00000007",
            "0003 00000001 000161 ffffffff 00000001 000161 00000001 00000002 00000007 000172",
            // A newer version with additional fields at the end.
            "0009 00000001 000161 ffffffff 00000001 000161 00000001 00000002 00000007 000172 deadbeef",
        ]
        for (version, text) in versions.enumerated() {
            let read = try ClassicGroupMessages.decodeSubscription(
                self.hex(text), memberID: "m", groupInstanceID: "i")
            #expect(read.topics == ["a"] && read.memberID == "m" && read.groupInstanceID == "i")
            #expect(read.ownedPartitions == (version >= 1 ? [TopicPartition("a", 2)] : []))
            #expect(read.generation == (version >= 2 ? 7 : nil))
            #expect(read.rack == (version >= 3 ? "r" : nil))
        }
    }

    @Test func emptyBytesAreAnEmptyAssignment() throws {
        #expect(try ClassicGroupMessages.decodeAssignment(Bytes()).isEmpty)
    }

    @Test(arguments: ["00", "ffff 00000000", "0000 7fffffff", "0000 00000001 0005"])
    func damagedBytesAreAnError(text: String) {
        #expect(throws: ProtocolError.self) { try ClassicGroupMessages.decodeAssignment(self.hex(text)) }
    }
}
