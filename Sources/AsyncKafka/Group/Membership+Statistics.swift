// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

extension Membership {
    var rebalancePhase: RebalanceTimes.Phase {
        switch self {
        case .none: .outside
        case .classic(let machine): machine.state.rebalancePhase
        case .consumer(let machine): machine.state.rebalancePhase
        }
    }

    /// The membership for statistics; nil without a group.
    func statistics(_ times: RebalanceTimes, now: MonotonicTime) -> ConsumerStatistics.Group? {
        var group: ConsumerStatistics.Group
        switch self {
        case .none:
            return nil
        case .classic(let machine):
            let epoch = machine.identity.generation
            group = ConsumerStatistics.Group(
                groupID: machine.terms.group, groupProtocol: "classic", state: machine.state.name,
                memberID: machine.identity.memberID, instanceID: machine.terms.instanceID,
                epoch: epoch >= 0 ? epoch : nil, rebalances: times.count, rebalanceTime: times.total,
                lastRebalanceTime: times.last, rebalancingFor: nil)
        case .consumer(let machine):
            group = ConsumerStatistics.Group(
                groupID: machine.terms.group, groupProtocol: "consumer", state: machine.state.name,
                memberID: machine.mayBeKnown ? machine.memberID : "", instanceID: machine.terms.instanceID,
                epoch: machine.isMember ? machine.epoch : nil, rebalances: times.count, rebalanceTime: times.total,
                lastRebalanceTime: times.last, rebalancingFor: nil)
        }
        if let begun = times.begun {
            group.rebalancingFor = now - begun
            group.rebalanceTime += now - begun
        }
        return group
    }
}

extension ClassicMembershipStateMachine.State {
    fileprivate var rebalancePhase: RebalanceTimes.Phase {
        switch self {
        case .idle, .suspended, .leaving, .failed: .outside
        case .unjoined, .joining, .joined, .syncing, .assigning, .revoking, .losing: .inProgress
        case .stable: .settled
        }
    }

    fileprivate var name: String {
        switch self {
        case .idle: "idle"
        case .unjoined: "unjoined"
        case .joining: "joining"
        case .joined: "joined"
        case .syncing: "syncing"
        case .assigning: "assigning"
        case .stable: "stable"
        case .revoking: "revoking"
        case .losing: "losing"
        case .suspended: "suspended"
        case .leaving: "leaving"
        case .failed: "failed"
        }
    }
}

extension ConsumerMembershipStateMachine.State {
    fileprivate var rebalancePhase: RebalanceTimes.Phase {
        switch self {
        case .idle, .suspended, .leaving, .failed: .outside
        case .joining, .assigning, .revoking, .losing: .inProgress
        case .stable: .settled
        }
    }

    fileprivate var name: String {
        switch self {
        case .idle: "idle"
        case .joining: "joining"
        case .stable: "stable"
        case .assigning: "assigning"
        case .revoking: "revoking"
        case .losing: "losing"
        case .suspended: "suspended"
        case .leaving: "leaving"
        case .failed: "failed"
        }
    }
}
