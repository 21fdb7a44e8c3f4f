// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The resources that an access control entry is about: one with a certain name, or all whose names have a prefix.
public struct ResourcePattern: Hashable, Sendable {
    /// The kind of a resource.
    public struct Kind: RawRepresentable, Hashable, Sendable {
        /// Kafka's code of the kind.
        public var rawValue: Int8

        /// Creates the kind with this code.
        public init(rawValue: Int8) {
            self.rawValue = rawValue
        }

        /// A topic.
        public static let topic = Kind(rawValue: 2)
        /// A group.
        public static let group = Kind(rawValue: 3)
        /// The cluster as a whole.
        public static let cluster = Kind(rawValue: 4)
        /// A transactional id.
        public static let transactionalID = Kind(rawValue: 5)
        /// A delegation token.
        public static let delegationToken = Kind(rawValue: 6)
        /// A user whose delegation tokens are concerned (KIP-373, Kafka 3.3).
        public static let user = Kind(rawValue: 7)
    }

    /// How a pattern's name is compared with the name of a resource.
    public struct Comparison: RawRepresentable, Hashable, Sendable {
        /// Kafka's code of the comparison.
        public var rawValue: Int8

        /// Creates the comparison with this code.
        public init(rawValue: Int8) {
            self.rawValue = rawValue
        }

        /// The names are equal, or the pattern's name is `*`.
        public static let literal = Comparison(rawValue: 3)
        /// The resource's name begins with the pattern's (KIP-290).
        public static let prefixed = Comparison(rawValue: 4)
    }

    /// The kind of the resources.
    public var kind: Kind
    /// The name or the prefix. As a literal name, `*` stands for all resources of the kind.
    public var name: String
    /// How the name is compared.
    public var comparison: Comparison

    /// Creates a pattern. By default the name is compared literally.
    public init(_ kind: Kind, _ name: String, _ comparison: Comparison = .literal) {
        self.kind = kind
        self.name = name
        self.comparison = comparison
    }

    /// Returns the topic of this name; `*` stands for all topics.
    public static func topic(_ name: String) -> ResourcePattern { ResourcePattern(.topic, name) }
    /// Returns all topics whose names begin with the prefix.
    public static func topics(prefix: String) -> ResourcePattern { ResourcePattern(.topic, prefix, .prefixed) }
    /// Returns the group of this id; `*` stands for all groups.
    public static func group(_ id: String) -> ResourcePattern { ResourcePattern(.group, id) }
    /// Returns all groups whose ids begin with the prefix.
    public static func groups(prefix: String) -> ResourcePattern { ResourcePattern(.group, prefix, .prefixed) }
    /// The cluster as a whole.
    public static let cluster = ResourcePattern(.cluster, "kafka-cluster")
    /// Returns this transactional id; `*` stands for all.
    public static func transactionalID(_ id: String) -> ResourcePattern { ResourcePattern(.transactionalID, id) }
    /// Returns all transactional ids that begin with the prefix.
    public static func transactionalIDs(prefix: String) -> ResourcePattern {
        ResourcePattern(.transactionalID, prefix, .prefixed)
    }
    /// Returns the delegation token of this id; `*` stands for all.
    public static func delegationToken(_ id: String) -> ResourcePattern { ResourcePattern(.delegationToken, id) }
    /// Returns a user, whose delegation tokens are concerned (Kafka 3.3).
    public static func user(_ principal: KafkaPrincipal) -> ResourcePattern {
        ResourcePattern(.user, principal.description)
    }
}

extension ResourcePattern.Kind: CustomStringConvertible {
    /// The kind in words, such as `transactional id`.
    public var description: String {
        switch self {
        case .topic: "topic"
        case .group: "group"
        case .cluster: "cluster"
        case .transactionalID: "transactional id"
        case .delegationToken: "delegation token"
        case .user: "user"
        default: "resource of type \(self.rawValue)"
        }
    }
}

extension ResourcePattern.Comparison: CustomStringConvertible {
    /// The comparison in a word, such as `prefixed`.
    public var description: String {
        switch self {
        case .literal: "literal"
        case .prefixed: "prefixed"
        default: "pattern of type \(self.rawValue)"
        }
    }
}

extension ResourcePattern: CustomStringConvertible {
    /// The pattern in words, such as `topic orders` or `all groups with the prefix billing-`.
    public var description: String {
        switch self.comparison {
        case .literal where self == .cluster: "the cluster"
        case .literal where self.name == "*": "all \(self.kind)s"
        case .literal: "\(self.kind) \(self.name)".printable
        case .prefixed: "all \(self.kind)s with the prefix \(self.name)".printable
        default: "\(self.kind) \(self.name) (\(self.comparison))".printable
        }
    }
}
