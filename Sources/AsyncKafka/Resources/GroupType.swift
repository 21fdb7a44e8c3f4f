// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The type of a group, which is the protocol that its members speak.
public struct GroupType: RawRepresentable, Hashable, Sendable {
    /// Kafka's name of the type, such as `Consumer`.
    public var rawValue: String

    /// Creates the type with this name. Known names may be in any case: brokers send them in lower case.
    public init(rawValue: String) {
        let known = ["Classic", "Consumer", "Share", "Streams"]
        self.rawValue = known.first { $0.lowercased() == rawValue.lowercased() } ?? rawValue
    }

    /// A group of the classic protocol: consumers that assign partitions among themselves, Kafka Connect, and groups that
    /// only have committed offsets.
    public static let classic = GroupType(rawValue: "Classic")
    /// A consumer group whose coordinator assigns the partitions (KIP-848, Kafka 4.0).
    public static let consumer = GroupType(rawValue: "Consumer")
    /// A share group (KIP-932, Kafka 4.2).
    public static let share = GroupType(rawValue: "Share")
    /// A group of a Kafka Streams application (KIP-1071, Kafka 4.2).
    public static let streams = GroupType(rawValue: "Streams")
}

extension GroupType: CustomStringConvertible {
    /// Kafka's name of the type.
    public var description: String { self.rawValue }
}

/// The state of a group at its coordinator.
public struct GroupState: RawRepresentable, Hashable, Sendable {
    /// Kafka's name of the state, such as `PreparingRebalance`.
    public var rawValue: String

    /// Creates the state with this name.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The group has no members. It may have committed offsets.
    public static let empty = GroupState(rawValue: "Empty")
    /// All members have their assignments.
    public static let stable = GroupState(rawValue: "Stable")
    /// A classic group waits for its members to join.
    public static let preparingRebalance = GroupState(rawValue: "PreparingRebalance")
    /// A classic group waits for its leader's assignment.
    public static let completingRebalance = GroupState(rawValue: "CompletingRebalance")
    /// The coordinator computes a new assignment.
    public static let assigning = GroupState(rawValue: "Assigning")
    /// Members are giving up and taking over partitions.
    public static let reconciling = GroupState(rawValue: "Reconciling")
    /// A streams group waits for topics or for members with the same topology.
    public static let notReady = GroupState(rawValue: "NotReady")
    /// The group is being removed.
    public static let dead = GroupState(rawValue: "Dead")
}

extension GroupState: CustomStringConvertible {
    /// Kafka's name of the state.
    public var description: String { self.rawValue }
}
