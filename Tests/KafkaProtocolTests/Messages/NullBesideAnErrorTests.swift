// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Testing

/// Some brokers send null for non-nullable fields along with an error code. The error must be reported.
@Suite struct NullBesideAnErrorTests {
    @Test func aRefusedJoinWithNullsIsRead() throws {
        // Throttle time, REBALANCE_IN_PROGRESS, generation, then null for the protocol name, the leader, the member id
        // and the members.
        let bytes: Bytes = [
            0, 0, 0, 0, 0, 27, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        ]
        let response = try JoinGroupResponse.decoded(from: bytes, version: 5)
        #expect(response.errorCode == .rebalanceInProgress)
        #expect(response.leader == "" && response.memberId == "" && response.members.isEmpty)
    }

    @Test func aRefusedSyncWithNullIsRead() throws {
        let bytes: Bytes = [0, 0, 0, 0, 0, 27, 0xff, 0xff, 0xff, 0xff]
        let response = try SyncGroupResponse.decoded(from: bytes, version: 3)
        #expect(response.errorCode == .rebalanceInProgress && response.assignment.isEmpty)
        // The same with compact lengths.
        let compact = try SyncGroupResponse.decoded(from: [0, 0, 0, 0, 0, 27, 0, 0], version: 4)
        #expect(compact.errorCode == .rebalanceInProgress && compact.assignment.isEmpty)
    }

    /// The error may be in a nested structure, here that of a group.
    @Test func aNestedErrorWithNullIsRead() throws {
        let bytes: Bytes = [
            // One group: NOT_COORDINATOR, its name "g", then null for its state, protocol type, protocol and members.
            0, 0, 0, 1, 0, 16, 0, 1, 0x67, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        ]
        let groups = try DescribeGroupsResponse.decoded(from: bytes, version: 0).groups
        #expect(groups.first?.errorCode == .notCoordinator && groups.first?.groupId == "g")
        // And a coordinator in the oldest version: its id, host and port.
        let old = try FindCoordinatorResponse.decoded(
            from: [0, 15, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], version: 0)
        #expect(old.errorCode == .coordinatorNotAvailable && old.host == "")
    }

    /// The decoded message can be encoded again, even if a later version allows null.
    @Test func fieldsThatAreNullableInLaterVersionsAreEmpty() throws {
        let bytes: Bytes = [0, 0, 0, 0, 0, 27, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]
        let response = try JoinGroupResponse.decoded(from: bytes, version: 4)
        #expect(response.protocolName == "")
        #expect(try response.encoded(version: 4).count == bytes.count)
        let later = try JoinGroupResponse.decoded(from: [0, 0, 0, 0, 0, 27, 0, 0, 0, 1, 0, 0, 1, 1, 1, 0], version: 7)
        #expect(later.protocolName == nil)
    }

    @Test func nullWithoutAnErrorCodeIsAnError() throws {
        #expect(throws: ProtocolError.unexpectedNull(field: "assignment")) {
            _ = try SyncGroupResponse.decoded(from: [0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], version: 3)
        }
    }
}
