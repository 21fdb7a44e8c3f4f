// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// A group with its members.
public struct GroupDescription: Hashable, Sendable {
    /// The group's id.
    public var id: String
    /// The group's type.
    public var type: GroupType
    /// The group's state.
    public var state: GroupState
    /// What the group is for: `consumer` for all groups of consumers, `connect` or `share`. Empty if a client has only
    /// committed offsets.
    public var protocolType: String
    /// The assignor that the group uses. Nil while it has none.
    public var assignor: String?
    /// The broker that coordinates the group.
    public var coordinator: Broker
    /// The group's epoch, which rises when members or subscribed topics change. Nil for a classic group.
    public var epoch: Int32?
    /// The epoch of the newest assignment. It is behind ``GroupDescription/epoch`` while the coordinator computes the next one. Nil for a
    /// classic group.
    public var assignmentEpoch: Int32?
    /// The members, by id.
    public var members: [GroupMember]
    /// The operations on the group that the client is authorized for. Nil if they weren't requested, or with brokers below
    /// Kafka 2.3.
    public var authorizedOperations: Set<ACLOperation>?
}

extension GroupDescription: CustomStringConvertible {
    /// A line for the group and one for each member.
    public var description: String {
        var head = ["\(self.type)", "\(self.state)", counted(self.members.count, "member")]
        if !self.protocolType.isEmpty, self.protocolType != "consumer", self.protocolType != "share" {
            head.insert(self.protocolType, at: 1)
        }
        if let assignor { head.append("assignor \(assignor)") }
        if let epoch { head.append("epoch \(epoch)") }
        if let assignmentEpoch, assignmentEpoch != self.epoch { head.append("assignment of epoch \(assignmentEpoch)") }
        head.append("coordinator \(self.coordinator)")
        return "\(self.id): \(head.joined(separator: ", "))".printable + self.members.map { "\n  \($0)" }.joined()
    }
}

/// A member of a group.
public struct GroupMember: Hashable, Sendable {
    /// The member's id.
    public var id: String
    /// The id of a static member (`group.instance.id`, KIP-345). Nil for the others, and with brokers below Kafka 2.4.
    public var instanceID: String?
    /// The member's rack. Nil if it has none, and in a classic group.
    public var rack: String?
    /// The client's id (`client.id`).
    public var clientID: String
    /// The address from which the member connects.
    public var host: String
    /// The epoch of the assignment that the member has taken. Nil in a classic group.
    public var epoch: Int32?
    /// The topics to which the member subscribes.
    public var subscribedTopics: [String]
    /// The regular expression to which the member subscribes. Nil if it has none.
    public var subscribedPattern: String?
    /// The partitions that the member has. Empty in groups other than those of consumers.
    public var assignment: [TopicPartition]
    /// The partitions that the member is to have after the rebalance. Nil in classic and share groups.
    public var targetAssignment: [TopicPartition]?
    /// Whether the member speaks the classic protocol, as it may during an upgrade of the group. Nil with brokers below
    /// Kafka 4.0 if the group isn't a classic one.
    public var isClassic: Bool?
}

extension GroupMember: CustomStringConvertible {
    /// The member on one line, such as `c-1 (client c, host /10.0.0.7): orders-0…3`.
    public var description: String {
        var parts = ["client \(self.clientID)", "host \(self.host)"]
        if let instanceID { parts.insert("instance \(instanceID)", at: 0) }
        if let rack { parts.append("rack \(rack)") }
        if let epoch { parts.append("epoch \(epoch)") }
        var line = "\(self.id) (\(parts.joined(separator: ", "))): "
        line += self.assignment.isEmpty ? "no partitions" : self.assignment.names
        if let target = self.targetAssignment, Set(target) != Set(self.assignment) {
            line += target.isEmpty ? ", to have none" : ", to have \(target.names)"
        }
        return line.printable
    }
}

/// What identifies a member that is to be removed from its group.
@nonexhaustive
public enum GroupMemberIdentity: Hashable, Sendable {
    /// The member with this id.
    case member(String)
    /// The static member with this instance id (`group.instance.id`).
    case instance(String)
}

extension GroupMemberIdentity: CustomStringConvertible {
    /// The kind and the id, such as `instance till-7`.
    public var description: String {
        switch self {
        case .member(let id): "member \(id)".printable
        case .instance(let id): "instance \(id)".printable
        }
    }
}
