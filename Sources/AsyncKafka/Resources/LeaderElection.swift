// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// How a leader is elected.
public struct LeaderElection: RawRepresentable, Hashable, Sendable {
    /// Kafka's code of the election.
    public var rawValue: Int8

    /// Creates the election with this code.
    public init(rawValue: Int8) {
        self.rawValue = rawValue
    }

    /// The first of the partition's replicas becomes its leader, if it is in sync.
    public static let preferred = LeaderElection(rawValue: 0)
    /// If no replica is in sync, another one becomes the leader, and **records may be lost** (KIP-460, Kafka 2.4).
    public static let unclean = LeaderElection(rawValue: 1)

    /// The result of an election.
    @nonexhaustive
    public enum Outcome: Hashable, Sendable {
        /// The partition has a new leader.
        case elected
        /// Nothing had to be done: the preferred replica is the leader, or for an unclean election, there is a leader.
        case notNeeded
    }
}

extension LeaderElection: CustomStringConvertible {
    /// The election in a word, such as `preferred`.
    public var description: String {
        switch self {
        case .preferred: "preferred"
        case .unclean: "unclean"
        default: "election of type \(self.rawValue)"
        }
    }
}
