// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

@testable import AsyncKafka

/// Machines in each state, events, and the states' names.
enum MembershipFixture {
    static let now = MonotonicTime(nanoseconds: 1_000_000_000)
    static let partitions = [TopicPartition("t", 0), TopicPartition("t", 1)]

    static func error(_ code: ErrorCode) -> KafkaError { KafkaError(code, doing: "testing") }
    /// The error of a request whose answer was lost.
    static let unknown: KafkaError = {
        var error = disconnected
        error.isOutcomeUnknown = true
        return error
    }()
    static let disconnected = KafkaError(.connectionFailed, "gone", isRetriable: true)

    static func new(isStatic: Bool = false, isCooperative: Bool = false) -> ClassicMembershipStateMachine {
        ClassicMembershipStateMachine(
            .init(
                group: "g", instanceID: isStatic ? "i" : nil, heartbeatInterval: .seconds(3),
                sessionTimeout: .seconds(45), isCooperative: isCooperative))
    }

    /// A machine in a state, with two partitions if that state has any.
    static func machine(_ place: String, isStatic: Bool = false) -> ClassicMembershipStateMachine {
        var machine = self.new(isStatic: isStatic)
        if place == "idle" { return machine }
        machine.rebalance(because: "start")
        if place == "unjoined" { return machine }
        machine.requestSent(now: self.now)
        if place == "joining" { return machine }
        if place == "failed" {
            _ = machine.joinFailed(self.error(.groupAuthorizationFailed))
            return machine
        }
        machine.joined(memberID: "m", generation: 5, now: self.now)
        if place == "joined" { return machine }
        if place == "syncing" {
            machine.requestSent(now: self.now)
            return machine
        }
        machine.synced(self.partitions, now: self.now)
        if place == "mustAssign" { return machine }
        _ = machine.stepBegan()
        if place == "assigning" { return machine }
        if place == "assigningInVain" {
            machine.refused(self.error(.unknownMemberId), sender: machine.identity)
            return machine
        }
        machine.stepEnded()
        switch place {
        case "mustRevoke", "revoking", "revokingInVain":
            machine.rebalance(because: "changed")
            if place != "mustRevoke" { _ = machine.stepBegan() }
            if place == "revokingInVain" { machine.refused(self.error(.unknownMemberId), sender: machine.identity) }
        case "mustLose", "losing":
            machine.refused(self.error(.unknownMemberId), sender: machine.identity)
            if place == "losing" { _ = machine.stepBegan() }
        case "suspended":
            _ = machine.pollIntervalExpired()
            _ = machine.stepBegan()
            machine.stepEnded()
        case "leaving":
            _ = machine.prepareToLeave()
        default: break
        }
        return machine
    }

    static let places = [
        "idle", "unjoined", "joining", "joined", "syncing", "mustAssign", "assigning", "assigningInVain", "stable",
        "mustRevoke", "revoking", "revokingInVain", "mustLose", "losing", "suspended", "leaving", "failed",
    ]

    static let events: [(String, @Sendable (inout ClassicMembershipStateMachine) -> Void)] = [
        ("rebalance", { $0.rebalance(because: "changed") }),
        ("stepBegan", { _ = $0.stepBegan() }),
        ("stepEnded", { $0.stepEnded() }),
        ("readerAsked", { _ = $0.readerAsked() }),
        ("pollIntervalExpired", { _ = $0.pollIntervalExpired() }),
        ("prepareToLeave", { _ = $0.prepareToLeave() }),
        ("leave", { _ = $0.leave(reason: "closed") }),
        ("requestSent", { $0.requestSent(now: now) }),
        ("joined", { $0.joined(memberID: "n", generation: 6, now: now) }),
        ("joinFailed member id required", { _ = $0.joinFailed(error(.memberIdRequired), memberID: "n") }),
        ("joinFailed unknown member", { _ = $0.joinFailed(error(.unknownMemberId)) }),
        ("joinFailed not coordinator", { _ = $0.joinFailed(error(.notCoordinator)) }),
        ("joinFailed loading", { _ = $0.joinFailed(error(.coordinatorLoadInProgress)) }),
        ("joinFailed disconnected", { _ = $0.joinFailed(disconnected) }),
        ("joinFailed fatal", { _ = $0.joinFailed(error(.inconsistentGroupProtocol)) }),
        ("synced", { $0.synced(partitions, now: now) }),
        ("synced otherwise", { $0.synced([partitions[1], TopicPartition("t", 2)], now: now) }),
        ("joinFailed, or not", { _ = $0.joinFailed(unknown) }),
        ("syncFailed rebalance", { _ = $0.syncFailed(error(.rebalanceInProgress)) }),
        ("syncFailed unknown member", { _ = $0.syncFailed(error(.unknownMemberId)) }),
        ("syncFailed fatal", { _ = $0.syncFailed(error(.groupAuthorizationFailed)) }),
        ("refused rebalance", { $0.refused(error(.rebalanceInProgress), sender: $0.identity) }),
        ("refused generation", { $0.refused(error(.illegalGeneration), sender: $0.identity) }),
        ("refused member", { $0.refused(error(.unknownMemberId), sender: $0.identity) }),
        ("refused fenced", { $0.refused(error(.fencedInstanceId), sender: $0.identity) }),
        ("refused coordinator", { $0.refused(error(.notCoordinator), sender: $0.identity) }),
        ("heartbeatArrived", { $0.heartbeatArrived(of: $0.identity, sentAt: now) }),
        ("sessionEnded too soon", { _ = $0.sessionEnded(now: now) }),
        ("sessionEnded", { _ = $0.sessionEnded(now: now + .seconds(45)) }),
        ("heartbeatFailed", { $0.heartbeatFailed(now: now, backoff: .seconds(1)) }),
    ]

    /// The name of a machine's state. A step is first due and then at work.
    static func place(of machine: ClassicMembershipStateMachine) -> String {
        switch machine.owned.progress {
        case .due(.assign): "mustAssign"
        case .due(.revoke): "mustRevoke"
        case .due(.lost): "mustLose"
        case .overtaken(.assign): "assigningInVain"
        case .overtaken: "revokingInVain"
        case .atWork, .none: "\(machine.state)".prefix { $0 != "(" }.description
        }
    }
}

extension ClassicMembershipStateMachine {
    mutating func stepBegan() -> RebalanceStep? { self.owned.began() }
}
