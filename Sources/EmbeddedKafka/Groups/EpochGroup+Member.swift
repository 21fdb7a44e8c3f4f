// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension EpochGroup {
    /// A member of the group at its coordinator.
    struct Member: Sendable {
        enum State: Sendable {
            /// The member has its target, or can go on to the next.
            case stable
            /// The member has to give up partitions before it can go on.
            case unrevoked
            /// The member waits for partitions that others have not given up yet.
            case unreleased
        }

        var id: String
        var instanceID: String?
        var rack: String?
        var clientID = ""
        var clientHost = ""
        var rebalanceTimeout: Milliseconds = -1
        var topics: Set<String> = []
        var pattern: String?
        var assignor: GroupAssignor?
        var epoch: Int32 = 0
        var previousEpoch: Int32 = 0
        var state = State.stable
        /// The partitions that the member may read, with the epoch in which it was given them.
        var assigned: [GroupPartition: Int32] = [:]
        /// The partitions that the member has to give up, with the epoch in which it was given them.
        var revoking: [GroupPartition: Int32] = [:]
        var sessionDeadline: Milliseconds = 0
        /// The time by which the member must have given up what it is to give up.
        var rebalanceDeadline: Milliseconds?
        /// What else the coordinator knows of a member that uses the classic protocol, otherwise nil.
        var classic: ClassicMember?
        /// The place of the member in the order in which members joined.
        var order = 0

        init(id: String) {
            self.id = id
        }

        /// Takes what a heartbeat says. What it doesn't say stays as it was.
        mutating func update(_ heartbeat: Heartbeat) {
            if let instanceID = heartbeat.instanceID { self.instanceID = instanceID }
            if let rack = heartbeat.rack { self.rack = rack }
            if let timeout = heartbeat.rebalanceTimeout { self.rebalanceTimeout = timeout }
            if let topics = heartbeat.topics { self.topics = topics }
            if let pattern = heartbeat.pattern { self.pattern = pattern.isEmpty ? nil : pattern }
            if let assignor = heartbeat.assignor { self.assignor = assignor }
            self.clientID = heartbeat.clientID
            self.clientHost = heartbeat.clientHost
            self.classic = nil
        }

        /// The time at which the member is removed.
        var deadline: Milliseconds {
            [self.sessionDeadline, self.rebalanceDeadline, self.classic?.joinDeadline, self.classic?.syncDeadline]
                .compactMap(\.self).min() ?? .max
        }

        func isReconciled(to epoch: Int32) -> Bool {
            self.state == .stable && self.epoch == epoch
        }

        mutating func move(to epoch: Int32) {
            self.previousEpoch = self.epoch
            self.epoch = epoch
        }
    }

    struct Heartbeat: Sendable {
        var memberID = ""
        var instanceID: String?
        var epoch: Int32 = 0
        var rack: String?
        var rebalanceTimeout: Milliseconds?
        var topics: Set<String>?
        var pattern: String?
        var assignor: GroupAssignor?
        /// The partitions that the member has.
        var owned: Set<GroupPartition>?
        var clientID = ""
        var clientHost = ""

        /// Whether the heartbeat says everything, so that the response does it, too.
        var isFull: Bool {
            self.epoch == Epoch.joining
                || self.rebalanceTimeout != nil && (self.topics != nil || self.pattern != nil) && self.owned != nil
        }
    }

    struct HeartbeatAnswer: Equatable, Sendable {
        var memberID: String
        var epoch: Int32
        /// The partitions that the member is to have now, or nil if they have not changed.
        var assignment: [GroupPartition]?
    }
}
