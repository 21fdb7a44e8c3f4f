// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport
import Testing

@testable import AsyncKafka

private typealias Fixture = MembershipFixture

/// The membership as seen by the reading side.
@Suite struct MembershipTests {
    @Test func withoutAGroupNothingIsRequiredAndNothingCanBeCommitted() {
        var membership = Membership(nil)
        membership.subscribed(to: ["t"])
        #expect(membership.step == nil && membership.committer == nil && membership.sessionDeadline == nil)
        let isJoining = membership.readerAsked()
        let failure = membership.takeFailure()
        let step = membership.prepareToLeave()
        let leaveNotice = membership.leave(reason: "closed")
        #expect(!isJoining && failure == nil && step == nil && leaveNotice == nil)
    }

    @Test func aMemberCommitsUnderTheIdentityOfItsGeneration() {
        let membership = Membership.classic(Fixture.machine("stable", isStatic: true))
        let identity = CommitIdentity(group: "g", memberID: "m", epoch: 5, instanceID: "i")
        #expect(membership.committer == identity && identity.isMember)
        #expect(membership.identity(continuing: identity) == identity)
        // The member has given up partitions since.
        var older = identity
        older.tenure = -1
        #expect(membership.identity(continuing: older) == nil)
    }

    @Test func automaticCommitsAreMadeOutsideOfRebalancesOnly() {
        for place in Fixture.places {
            let isSettled = Membership.classic(Fixture.machine(place)).isSettled
            #expect(isSettled == (place == "idle" || place == "stable"), "\(place)")
        }
    }

    @Test func aRefusedCommitNotifiesTheMembership() throws {
        var membership = Membership.classic(Fixture.machine("stable"))
        let committer = try #require(membership.committer)
        membership.refused(Fixture.error(.illegalGeneration), sender: CommitIdentity(group: "g"))
        #expect(membership.step == nil)
        membership.refused(Fixture.error(.illegalGeneration), sender: committer)
        #expect(membership.step == .lost(Fixture.partitions) && membership.isLosing)
    }

    @Test func aReaderThatAsksEndsTheWaitOfTheMembership() {
        for place in Fixture.places {
            var membership = Membership.classic(Fixture.machine(place))
            let isJoining = membership.readerAsked()
            #expect(isJoining == (place == "suspended"), "\(place)")
        }
        var failed = Membership.classic(Fixture.machine("failed"))
        let failure = failed.takeFailure()
        let isJoining = failed.readerAsked()
        #expect(failure != nil && isJoining)
    }
}
