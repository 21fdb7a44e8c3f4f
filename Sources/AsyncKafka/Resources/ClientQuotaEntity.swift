// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Those whose clients share a quota: a user, a client id, both together, or an IP address; or all of them that have no
/// quota of their own, which is the default.
public struct ClientQuotaEntity: Hashable, Sendable {
    /// The kind of a part.
    public struct Kind: RawRepresentable, Hashable, Sendable {
        /// Kafka's name of the kind.
        public var rawValue: String

        /// Creates the kind with this name.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// A user, by the name of the principal.
        public static let user = Kind(rawValue: "user")
        /// A client id.
        public static let clientID = Kind(rawValue: "client-id")
        /// An IP address (KIP-612, Kafka 2.8).
        public static let ip = Kind(rawValue: "ip")
    }

    /// The name of a part.
    @nonexhaustive
    public enum Name: Hashable, Sendable, ExpressibleByStringLiteral {
        /// A certain user, client id or address.
        case named(String)
        /// All that have no quota of their own.
        case `default`

        /// Creates the name from a literal.
        public init(stringLiteral name: String) {
            self = .named(name)
        }
    }

    /// The name of each part.
    public var parts: [Kind: Name]

    /// Creates an entity of these parts.
    public init(_ parts: [Kind: Name]) {
        self.parts = parts
    }

    /// Returns a user, or the user's clients with a certain client id.
    public static func user(_ name: Name, clientID: Name? = nil) -> ClientQuotaEntity {
        var parts = [Kind.user: name]
        parts[.clientID] = clientID
        return ClientQuotaEntity(parts)
    }

    /// Returns a client id of any user.
    public static func clientID(_ name: Name) -> ClientQuotaEntity { ClientQuotaEntity([.clientID: name]) }
    /// Returns an IP address.
    public static func ip(_ name: Name) -> ClientQuotaEntity { ClientQuotaEntity([.ip: name]) }

    /// The parts in Kafka's order: the user, then the client id.
    var orderedParts: [(kind: Kind, name: Name)] {
        self.parts.map { (kind: $0.key, name: $0.value) }.sorted { $0.kind.rawValue > $1.kind.rawValue }
    }
}

extension ClientQuotaEntity.Name: CustomStringConvertible {
    /// The name, or `default`.
    public var description: String {
        switch self {
        case .named(let name): name
        case .default: "(default)"
        }
    }

    /// The name in the protocol, where nil stands for the default.
    var kafkaName: String? {
        switch self {
        case .named(let name): name
        case .default: nil
        }
    }

    init(kafkaName: String?) {
        self = kafkaName.map(Self.named) ?? .default
    }
}

extension ClientQuotaEntity: CustomStringConvertible {
    /// The parts, such as `user alice, client-id billing`.
    public var description: String {
        self.orderedParts.map { "\($0.kind.rawValue) \($0.name)" }.joined(separator: ", ").printable
    }
}
