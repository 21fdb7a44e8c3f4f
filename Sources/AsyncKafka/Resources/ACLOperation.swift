// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// An operation that an access control entry allows or denies.
public struct ACLOperation: RawRepresentable, Hashable, Sendable {
    /// Kafka's code of the operation.
    public var rawValue: Int8

    /// Creates the operation with this code.
    public init(rawValue: Int8) {
        self.rawValue = rawValue
    }

    /// All operations.
    public static let all = ACLOperation(rawValue: 2)
    /// Reads records of a topic, or commits offsets of a group.
    public static let read = ACLOperation(rawValue: 3)
    /// Writes records.
    public static let write = ACLOperation(rawValue: 4)
    /// Creates topics.
    public static let create = ACLOperation(rawValue: 5)
    /// Deletes topics, records or groups.
    public static let delete = ACLOperation(rawValue: 6)
    /// Changes a topic's partitions, or the cluster's access control entries.
    public static let alter = ACLOperation(rawValue: 7)
    /// Describes a resource.
    public static let describe = ACLOperation(rawValue: 8)
    /// Sends the requests that brokers send to each other.
    public static let clusterAction = ACLOperation(rawValue: 9)
    /// Describes settings.
    public static let describeConfigs = ACLOperation(rawValue: 10)
    /// Changes settings.
    public static let alterConfigs = ACLOperation(rawValue: 11)
    /// Produces with idempotence, which needs no right of its own since Kafka 2.8.
    public static let idempotentWrite = ACLOperation(rawValue: 12)
    /// Creates delegation tokens for another principal.
    public static let createTokens = ACLOperation(rawValue: 13)
    /// Describes delegation tokens of another principal.
    public static let describeTokens = ACLOperation(rawValue: 14)
    /// Takes part in transactions with two-phase commit (KIP-939).
    public static let twoPhaseCommit = ACLOperation(rawValue: 15)

    private static let names = [
        2: "ALL", 3: "READ", 4: "WRITE", 5: "CREATE", 6: "DELETE", 7: "ALTER", 8: "DESCRIBE", 9: "CLUSTER_ACTION",
        10: "DESCRIBE_CONFIGS", 11: "ALTER_CONFIGS", 12: "IDEMPOTENT_WRITE", 13: "CREATE_TOKENS",
        14: "DESCRIBE_TOKENS", 15: "TWO_PHASE_COMMIT",
    ]
}

extension ACLOperation: CustomStringConvertible {
    /// Kafka's name of the operation, such as `DESCRIBE`.
    public var description: String { Self.names[Int(self.rawValue)] ?? "operation \(self.rawValue)" }
}

extension Set<ACLOperation> {
    /// Creates the set from a bit field of a response, in which the bit of each operation's code is set. Nil if the broker has
    /// not filled it in.
    init?(bits: Int32) {
        guard bits != .min else { return nil }
        self.init((Int8(0)..<32).filter { bits & 1 << Int32($0) != 0 }.map(ACLOperation.init(rawValue:)))
    }
}
