// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A quantity that quotas limit.
public struct ClientQuota: RawRepresentable, Hashable, Sendable {
    /// Kafka's name of the quota.
    public var rawValue: String

    /// Creates the quota with this name.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The bytes that the clients may send to one broker in a second.
    public static let producerByteRate = ClientQuota(rawValue: "producer_byte_rate")
    /// The bytes that the clients may read from one broker in a second.
    public static let consumerByteRate = ClientQuota(rawValue: "consumer_byte_rate")
    /// The time of a broker's threads that requests may use, in percent of one thread (KIP-124).
    public static let requestPercentage = ClientQuota(rawValue: "request_percentage")
    /// The partitions that may be created and deleted in a second (KIP-599, Kafka 2.7).
    public static let controllerMutationRate = ClientQuota(rawValue: "controller_mutation_rate")
    /// The connections that an IP address may open in a second (KIP-612, Kafka 2.8).
    public static let connectionCreationRate = ClientQuota(rawValue: "connection_creation_rate")
}

extension ClientQuota: CustomStringConvertible {
    /// Kafka's name of the quota, such as `producer_byte_rate`.
    public var description: String { self.rawValue.printable }
}

/// A change of one quota of an entity, which leaves the others as they are.
@nonexhaustive
public enum ClientQuotaChange: Hashable, Sendable {
    /// Sets a limit.
    case set(_ quota: ClientQuota, to: Double)
    /// Removes a limit, so that the default is in effect.
    case remove(_ quota: ClientQuota)
}

extension ClientQuotaChange: CustomStringConvertible {
    /// The change, such as `producer_byte_rate=1024.0` or `remove producer_byte_rate`.
    public var description: String {
        switch self {
        case .set(let quota, let value): "\(quota)=\(value)"
        case .remove(let quota): "remove \(quota)"
        }
    }
}

/// A selection of entities with quotas: those whose parts meet all conditions that aren't nil.
public struct ClientQuotaFilter: Hashable, Sendable {
    /// A condition on a part, which the entity must have.
    @nonexhaustive
    public enum Condition: Hashable, Sendable, ExpressibleByStringLiteral {
        /// The part has any name, or is the default.
        case any
        /// The part has this name.
        case named(String)
        /// The part is the default.
        case `default`

        /// Creates the condition that the part has this name.
        public init(stringLiteral name: String) {
            self = .named(name)
        }
    }

    /// The conditions on the parts.
    public var conditions: [ClientQuotaEntity.Kind: Condition]
    /// Whether entities may have parts without a condition.
    public var allowsOtherParts: Bool

    /// Creates a filter. Without conditions it selects all entities.
    ///
    /// - Parameters:
    ///   - user: The condition on the user. Default: none.
    ///   - clientID: The condition on the client id. Default: none.
    ///   - ip: The condition on the IP address. Default: none.
    ///   - allowsOtherParts: Whether entities may have parts without a condition, as the user's client ids if there is only
    ///     a condition on the user. Default: true.
    public init(
        user: Condition? = nil, clientID: Condition? = nil, ip: Condition? = nil, allowsOtherParts: Bool = true
    ) {
        self.conditions = [:]
        self.conditions[.user] = user
        self.conditions[.clientID] = clientID
        self.conditions[.ip] = ip
        self.allowsOtherParts = allowsOtherParts
    }

    /// The filter that selects all entities.
    public static let all = ClientQuotaFilter()
}

extension ClientQuotaFilter: CustomStringConvertible {
    /// The conditions, such as `user alice, any client-id`.
    public var description: String {
        var parts = self.conditions.sorted { $0.key.rawValue > $1.key.rawValue }.map { kind, condition in
            switch condition {
            case .any: "any \(kind.rawValue)"
            case .named(let name): "\(kind.rawValue) \(name)"
            case .default: "\(kind.rawValue) (default)"
            }
        }
        if !self.allowsOtherParts { parts.append("nothing else") }
        return parts.isEmpty ? "all quotas" : parts.joined(separator: ", ").printable
    }
}
