// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

@testable import AsyncKafka

/// Members of a group in the consumer protocol, in each state.
enum ConsumerMembershipFixture {
    typealias Machine = ConsumerMembershipStateMachine

    static let now = MonotonicTime(nanoseconds: 1_000_000_000)
    static let id = KafkaUUID(high: 1, low: 1)
    static let zero = TopicPartition("t", 0)
    static let one = TopicPartition("t", 1)
    static let two = TopicPartition("t", 2)
    static let subscription = MemberSubscription.topics(["t"])

    /// Metadata of topics by name.
    static func metadata(_ topics: [String: KafkaUUID] = ["t": id]) -> ClusterMetadata {
        ClusterMetadata(
            version: 1, clusterID: nil, controllerID: nil, brokers: [:],
            topics: Dictionary(topics.map { ($0, TopicMetadata(name: $0, id: $1)) }) { $1 })
    }

    static func target(_ partitions: Int32..., of id: KafkaUUID = id) -> Set<TopicIDPartition> {
        Set(partitions.map { TopicIDPartition(id, $0) })
    }

    static func new(isStatic: Bool = false) -> Machine {
        Machine(.init(group: "g", memberID: "m", instanceID: isStatic ? "i" : nil, sessionTimeout: .seconds(45)))
    }

    /// Sends the heartbeat that is due.
    static func heartbeat(of machine: inout Machine, now: MonotonicTime = now) -> Machine.Heartbeat? {
        guard case .send(let heartbeat, _) = machine.heartbeat(now: now) else { return nil }
        return heartbeat
    }

    /// Sends the heartbeat that is due, and answers it.
    static func answer(
        _ machine: inout Machine, epoch: Int32, _ target: Set<TopicIDPartition>? = nil,
        metadata: ClusterMetadata = metadata(), now: MonotonicTime = now
    ) {
        guard let heartbeat = self.heartbeat(of: &machine, now: now) else { return }
        _ = machine.answered(
            heartbeat, .init(epoch: epoch, heartbeatInterval: .seconds(5), target: target), told: self.subscription,
            sentAt: now)
        _ = machine.resolveNames(metadata)
    }

    /// Performs the steps that are due, and returns them.
    static func perform(_ machine: inout Machine) -> [RebalanceStep] {
        var steps: [RebalanceStep] = []
        while let step = machine.owned.began() {
            steps.append(step)
            machine.stepEnded()
        }
        return steps
    }

    /// A member of epoch 3 that owns partitions 0 and 1, and has told the coordinator.
    static func stable(isStatic: Bool = false) -> Machine {
        var machine = self.new(isStatic: isStatic)
        machine.subscribed(to: ["t"], because: "start")
        self.answer(&machine, epoch: 3, self.target(0, 1))
        _ = self.perform(&machine)
        self.answer(&machine, epoch: 3)
        return machine
    }
}
