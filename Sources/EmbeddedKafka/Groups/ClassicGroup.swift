// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// A consumer group of the classic protocol, as its coordinator sees it.
///
/// Pure: time (monotonic milliseconds) and new member ids are arguments, one function an event. Every function returns
/// the answers to give now; the others wait in the group, each under the ticket that came with its request. After each
/// event the caller looks at `nextDeadline` and calls `advance(to:)` when it has come.
struct ClassicGroup: Sendable {
    enum State: String, Sendable {
        case empty = "Empty"
        case preparingRebalance = "PreparingRebalance"
        case completingRebalance = "CompletingRebalance"
        case stable = "Stable"
        case dead = "Dead"
    }

    /// Names a request whose answer is awaited.
    typealias Ticket = Int
    /// Monotonic milliseconds.
    typealias Milliseconds = Int64

    /// A protocol (an assignor) that a member supports, with what the member says for it.
    struct Supported: Equatable, Sendable {
        var name: String
        var metadata: Bytes
    }

    struct JoinRequest: Sendable {
        var memberID = ""
        var instanceID: String?
        var clientID = ""
        var clientHost = ""
        var sessionTimeout: Milliseconds
        var rebalanceTimeout: Milliseconds
        var protocolType: String
        var protocols: [Supported]
        /// Whether a member without an id is told one first and must come again with it (JoinGroup from version 4).
        var requiresKnownMemberID = true
        /// Whether a returning static leader can be told to make no assignment (JoinGroup from version 9).
        var canSkipAssignment = true
    }

    struct JoinAnswer: Equatable, Sendable {
        struct Member: Equatable, Sendable {
            var id: String
            var instanceID: String?
            var metadata: Bytes
        }

        var error: ErrorCode = .none
        var memberID = ""
        var generation: Int32 = -1
        var protocolType: String?
        var protocolName: String?
        var leaderID = ""
        var skipsAssignment = false
        /// All members, for the leader; none for the others.
        var members: [Member] = []
    }

    struct SyncRequest: Sendable {
        var memberID: String
        var instanceID: String?
        var generation: Int32
        var protocolType: String?
        var protocolName: String?
        var assignments: [String: Bytes] = [:]
    }

    struct SyncAnswer: Equatable, Sendable {
        var error: ErrorCode = .none
        var protocolType: String?
        var protocolName: String?
        var assignment = Bytes()
    }

    /// Who leaves: by member id, by instance id, or both.
    struct Leaver: Sendable {
        var memberID: String
        var instanceID: String?
    }

    enum Answer: Equatable, Sendable {
        case join(Ticket, JoinAnswer)
        case sync(Ticket, SyncAnswer)
    }

    struct Limits: Equatable, Sendable {
        /// What members may ask for.
        var sessionTimeouts: ClosedRange<Milliseconds> = 6_000...1_800_000
        /// How long a group that was empty waits for more members.
        var initialRebalanceDelay: Milliseconds = 0
        var maxSize = Int.max
        /// How long a new member may wait in JoinGroup, while its connection may be gone.
        var newMemberJoinTimeout: Milliseconds = 300_000
    }

    let limits: Limits
    var state = State.empty
    var generation: Int32 = 0
    var protocolType: String?
    var protocolName: String?
    var leaderID: String?
    /// In the order in which they joined.
    var members: [Member] = []
    /// Ids that were given out and not yet joined with, and until when each is kept.
    var pendingMembers: [String: Milliseconds] = [:]
    var answers: [Answer] = []

    // PreparingRebalance ends at the latest then.
    var joinDeadline: Milliseconds?
    // The time left for more members to come, while an empty group waits for its first ones.
    var initialDelayLeft: Milliseconds?
    var newMembersCame = false
    // Members that have not synchronised by then are removed.
    var syncDeadline: Milliseconds?
    // What the next coordinator would find.
    var saved = Snapshot()

    init(limits: Limits = Limits()) {
        self.limits = limits
    }

    var isEmpty: Bool { self.members.isEmpty && self.pendingMembers.isEmpty }
}
