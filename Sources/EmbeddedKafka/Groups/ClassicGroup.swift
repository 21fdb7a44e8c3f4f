// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// The state of a consumer group of the classic protocol at its coordinator.
///
/// It is a pure state machine with one function per event. The time (monotonic milliseconds) and new member IDs are
/// arguments. Each function returns the answers to send now. Others stay pending in the group under the ticket of their
/// request. After each event the caller schedules a call to `advance(to:)` at `nextDeadline`.
struct ClassicGroup: Sendable {
    enum State: String, Sendable {
        case empty = "Empty"
        case preparingRebalance = "PreparingRebalance"
        case completingRebalance = "CompletingRebalance"
        case stable = "Stable"
        case dead = "Dead"
    }

    /// The identifier of a request that waits for its answer.
    typealias Ticket = Int
    /// A time or duration in monotonic milliseconds.
    typealias Milliseconds = Int64

    /// A protocol (assignor) that a member supports, with the member's metadata for it.
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
        /// Whether a member without an ID must join again with an assigned one (JoinGroup from version 4 on).
        var requiresKnownMemberID = true
        /// Whether a returning static leader can be told to skip the assignment (JoinGroup from version 9 on).
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
        /// All members in the leader's answer, otherwise empty.
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

    /// A leaving member, identified by its member ID, its instance ID, or both.
    struct Leaver: Sendable {
        var memberID: String
        var instanceID: String?
    }

    enum Answer: Equatable, Sendable {
        case join(Ticket, JoinAnswer)
        case sync(Ticket, SyncAnswer)
    }

    struct Limits: Equatable, Sendable {
        /// The session timeouts that members may request.
        var sessionTimeouts: ClosedRange<Milliseconds> = 6_000...1_800_000
        /// The time that an empty group waits for more members before its first generation.
        var initialRebalanceDelay: Milliseconds = 0
        var maxSize = Int.max
        /// The time that a new member may wait in JoinGroup, because its connection may have ended.
        var newMemberJoinTimeout: Milliseconds = 300_000
    }

    let limits: Limits
    var state = State.empty
    var generation: Int32 = 0
    var protocolType: String?
    var protocolName: String?
    var leaderID: String?
    /// The members in the order in which they joined.
    var members: [Member] = []
    /// The expiry of assigned member IDs with which no member has joined yet.
    var pendingMembers: [String: Milliseconds] = [:]
    var answers: [Answer] = []

    // The time at which PreparingRebalance ends even if members are missing.
    var joinDeadline: Milliseconds?
    // The remaining time to wait for more members, before the first generation of an empty group.
    var initialDelayLeft: Milliseconds?
    var newMembersCame = false
    // The time at which members that have not sent SyncGroup are removed.
    var syncDeadline: Milliseconds?
    // The state that the next coordinator would load.
    var saved = Snapshot()

    init(limits: Limits = Limits()) {
        self.limits = limits
    }

    var isEmpty: Bool { self.members.isEmpty && self.pendingMembers.isEmpty }
}
