// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

@testable import EmbeddedKafka

/// A group with a clock, and its answers by the ticket that the test assigns to each request.
struct GroupRig {
    var group: ClassicGroup
    var now: Int64 = 0
    private(set) var joins: [Int: ClassicGroup.JoinAnswer] = [:]
    private(set) var syncs: [Int: ClassicGroup.SyncAnswer] = [:]

    init(_ limits: ClassicGroup.Limits = ClassicGroup.Limits()) {
        self.group = ClassicGroup(limits: limits)
    }

    mutating func take(_ answers: [ClassicGroup.Answer]) {
        for answer in answers {
            switch answer {
            case .join(let ticket, let answer): self.joins[ticket] = answer
            case .sync(let ticket, let answer): self.syncs[ticket] = answer
            }
        }
    }

    /// Joins the group. A new member joins with `id` as the id that the coordinator assigns to it.
    mutating func join(
        _ id: String, ticket: Int, isNew: Bool = true, instance: String? = nil, protocols: [String] = ["range"],
        metadata: Bytes = "m", session: Int64 = 10_000, rebalance: Int64 = 60_000, type: String = "consumer",
        requiresID: Bool = false, canSkip: Bool = true
    ) {
        self.joins[ticket] = nil
        let request = ClassicGroup.JoinRequest(
            memberID: isNew ? "" : id, instanceID: instance, clientID: "c", clientHost: "/h", sessionTimeout: session,
            rebalanceTimeout: rebalance, protocolType: type,
            protocols: protocols.map { ClassicGroup.Supported(name: $0, metadata: metadata) },
            requiresKnownMemberID: requiresID, canSkipAssignment: canSkip)
        self.take(self.group.join(request, newMemberID: id, ticket: ticket, now: self.now))
    }

    mutating func rejoin(_ id: String, ticket: Int, protocols: [String] = ["range"], metadata: Bytes = "m") {
        self.join(id, ticket: ticket, isNew: false, protocols: protocols, metadata: metadata)
    }

    mutating func sync(
        _ id: String, ticket: Int, generation: Int32? = nil, assignments: [String: Bytes] = [:],
        instance: String? = nil, protocolName: String? = nil
    ) {
        self.syncs[ticket] = nil
        let request = ClassicGroup.SyncRequest(
            memberID: id, instanceID: instance, generation: generation ?? self.group.generation,
            protocolName: protocolName, assignments: assignments)
        self.take(self.group.sync(request, ticket: ticket, now: self.now))
    }

    mutating func heartbeat(_ id: String, generation: Int32? = nil, instance: String? = nil) -> ErrorCode {
        self.group.heartbeat(
            memberID: id, instanceID: instance, generation: generation ?? self.group.generation, now: self.now)
    }

    mutating func commit(_ id: String, generation: Int32? = nil, instance: String? = nil) -> ErrorCode {
        self.group.commit(
            memberID: id, instanceID: instance, generation: generation ?? self.group.generation, now: self.now)
    }

    mutating func leave(_ id: String, instance: String? = nil) -> ErrorCode {
        let (results, answers) = self.group.leave([.init(memberID: id, instanceID: instance)], now: self.now)
        self.take(answers)
        return results[0]
    }

    mutating func pass(_ milliseconds: Int64) {
        self.now += milliseconds
        self.take(self.group.advance(to: self.now))
    }

    /// Returns a stable group of these members. The first one leads; each is assigned its own id. Uses tickets from 100
    /// on.
    static func stable(
        _ ids: String..., limits: ClassicGroup.Limits = ClassicGroup.Limits(), instances: [String: String] = [:]
    ) -> GroupRig {
        var rig = GroupRig(limits)
        for (index, id) in ids.enumerated() { rig.join(id, ticket: 100 + index, instance: instances[id]) }
        // The first member was alone in a generation when the others joined.
        if ids.count > 1 { rig.join(ids[0], ticket: 200, isNew: false, instance: instances[ids[0]]) }
        for (index, id) in ids.enumerated().reversed() {
            rig.sync(
                id, ticket: 400 + index, assignments: Dictionary(uniqueKeysWithValues: ids.map { ($0, Bytes($0)) }),
                instance: instances[id])
        }
        return rig
    }
}
